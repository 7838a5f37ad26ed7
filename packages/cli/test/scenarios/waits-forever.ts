import { AF_INET, SOCK_STREAM, simulation } from "@dcejs/dce-glue";

/** Accepts a connection that nobody makes. */
export default simulation({ description: "a server that nobody calls" }, (sim) => {
  sim.node("host").start(
    async (posix) => {
      const listener = await posix.socket(AF_INET, SOCK_STREAM, 0);
      await posix.bind(listener, { address: "0.0.0.0", port: 80 });
      await posix.listen(listener, 1);
      await posix.accept(listener);
    },
    { name: "lonely-server" },
  );
});
