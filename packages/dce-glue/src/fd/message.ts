/** struct msghdr as kernels see it: buffers are filled or read in place. */
export interface MsgHdr {
  /** In: room for, or bytes of, a sockaddr. */
  msg_name: Uint8Array | undefined;
  /** In: length of msg_name; out (receive): length of the address that arrived. */
  msg_namelen: number;
  msg_iov: readonly Uint8Array[];
  msg_control: Uint8Array | undefined;
  msg_controllen: number;
  msg_flags: number;
}
