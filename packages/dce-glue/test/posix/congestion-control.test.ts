import { expect, test } from "vitest";
import { AF_INET, type Posix, runScenario, simulation, SOCK_STREAM } from "../../src/index.ts";

/** Runs one program on a host; what it collects is the result. */
async function inProgram(main: (posix: Posix, collect: (text: string) => void) => Promise<void>) {
  const collected: string[] = [];
  await runScenario(
    simulation({}, (sim) => {
      sim.node("host").start((posix) => main(posix, (text) => collected.push(text)));
    }),
  );
  return collected;
}

test("TCP_CONGESTION is set and read as text", async () => {
  const names = await inProgram(async (posix, collect) => {
    const socket = await posix.socket(AF_INET, SOCK_STREAM);
    collect(await posix.getCongestionControl(socket));
    await posix.setCongestionControl(socket, "reno");
    collect(await posix.getCongestionControl(socket));
  });
  expect(names).toEqual(["cubic", "reno"]);
});

test("a congestion control that the kernel does not have is ENOENT", async () => {
  const codes = await inProgram(async (posix, collect) => {
    const socket = await posix.socket(AF_INET, SOCK_STREAM);
    try {
      await posix.setCongestionControl(socket, "nobody");
    } catch (error) {
      collect(error instanceof Error && "code" in error ? String(error.code) : String(error));
    }
  });
  expect(codes).toEqual(["ENOENT"]);
});
