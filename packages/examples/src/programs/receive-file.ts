import { AF_INET, O_CREAT, O_TRUNC, O_WRONLY, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

/** `receive-file PORT PATH [PROTOCOL]`: accepts one connection and writes what arrives to a file. */
export async function receiveFile(posix: Posix): Promise<number> {
  const [, port, path = "", protocol = "0"] = posix.argv;
  const listener = await posix.socket(AF_INET, SOCK_STREAM, Number(protocol));
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port: Number(port) });
  await posix.listen(listener, 1);
  const connection = await posix.accept(listener);

  const file = await posix.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  const buffer = new Uint8Array(64 * 1024);
  let total = 0;
  for (;;) {
    const length = await posix.recv(connection, buffer);
    if (length === 0) break;
    await posix.write(file, buffer.subarray(0, length));
    total += length;
  }
  await posix.close(file);
  await posix.close(connection);
  await posix.close(listener);
  await posix.print(`${total} octets\n`);
  return 0;
}
