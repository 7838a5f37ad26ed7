import { simulation } from "@dcejs/dce-glue";

const never = new Promise<never>(() => {});
const cycle: Record<string, unknown> = {};
cycle.itself = cycle;

/** Breaks where `--how` says. */
export default simulation(
  {
    description: "a scenario that is wrong in many ways",
    options: { how: { type: "string", default: "not" } },
  },
  async (sim) => {
    const { how } = sim.options;
    if (how === "setup") throw new TypeError("wrong from the start\nin two lines");
    await Promise.resolve();
    if (how === "later") throw new Error("wrong a moment later");
    if (how === "text") throw "just a text";
    if (how === "waits") await never;
    const host = sim.node("host");
    host.start(
      async (posix) => {
        console.log("a program that prints to the host's console");
        await posix.sleep(2);
      },
      { name: "sleeper" },
    );
    sim.at("1s", () => {
      if (how === "action") throw new Error("wrong in an action");
      return how === "async-action" ? Promise.reject(new Error("wrong in a promise")) : undefined;
    });
    return () => {
      if (how === "result") throw new Error("wrong in the result");
      if (how === "bigint") return { big: 1n };
      if (how === "cycle") return cycle;
      return { nothing: "wrong" };
    };
  },
);
