/**
 * Tests that a kernel is known to fail, by kernel and by "part: test", each with its reason. A row
 * here has one in docs/LINUX_DIFFERENCES.md, and goes away when the kernel passes.
 */
export const KNOWN_DIFFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  emulated: {
    "tcp: end: send_after_shutdown": "a TCP socket raises no SIGPIPE",
    "tcp: end: send_to_closed_peer":
      "data in the very segment that acknowledges the FIN of a closed socket is dropped without RST",
    "udp: udp_error_at_send": "send() of a UDP socket does not tell an error that waits",
    "udp: multicast_join_twice": "a group that is joined already is joined again",
    "routing: path_mtu_option":
      "IP_MTU of a UDP socket is ENOTCONN once its path's MTU has changed",
  },
};
