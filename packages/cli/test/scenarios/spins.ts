import { AF_INET, SOCK_DGRAM, simulation } from "@dcejs/dce-glue";

/** A kernel that waits for a clock which stands still while it runs: busy polling, by a sysctl. */
export default simulation({ kernel: "linux-6.12" }, (sim) => {
  const host = sim.node("host", { sysctl: { "net.core.busy_read": 1_000_000 } });
  const peer = sim.node("peer");
  sim.link(host, peer);
  host.ip("addr add 10.0.0.1/24 dev sim0");
  peer.ip("addr add 10.0.0.2/24 dev sim0");
  host.start(
    async (posix) => {
      const fd = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.bind(fd, { address: "0.0.0.0", port: 9 });
      for (;;) await posix.recv(fd, new Uint8Array(9));
    },
    { name: "receiver" },
  );
  peer.start(
    async (posix) => {
      const fd = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.usleep(1000);
      await posix.sendto(fd, "x", { address: "10.0.0.1", port: 9 });
    },
    { name: "sender" },
  );
});
