import { AF_INET, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

/** `tcp-server PORT`: accepts one connection and echoes until its end. */
export async function tcpEchoServer(posix: Posix): Promise<number> {
  const [, port] = posix.argv;
  const listener = await posix.socket(AF_INET, SOCK_STREAM, 0);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port: Number(port) });
  await posix.listen(listener, 5);
  const connection = await posix.accept(listener);

  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = await posix.recv(connection, buffer);
    if (length === 0) break;
    await posix.send(connection, buffer.subarray(0, length));
  }
  await posix.close(connection);
  await posix.close(listener);
  return 0;
}
