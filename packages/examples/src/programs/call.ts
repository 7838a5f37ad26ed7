import { AF_INET, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

const decoder = new TextDecoder();

/** `call ADDRESS PORT`: connects to `who-calls` and prints what it says, or how and when it failed; exit 1 then. */
export async function call(posix: Posix): Promise<number> {
  const [, address = "", port] = posix.argv;
  const connection = await posix.socket(AF_INET, SOCK_STREAM);
  const startNs = posix.now();
  try {
    await posix.connect(connection, { address, port: Number(port) });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    await posix.print(`${code} after ${((posix.now() - startNs) / 1e9).toFixed(3)} s`);
    return 1;
  }
  const buffer = new Uint8Array(64);
  const length = await posix.recv(connection, buffer);
  await posix.print(`you are ${decoder.decode(buffer.subarray(0, length))}`);
  await posix.close(connection);
  return 0;
}
