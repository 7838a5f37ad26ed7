import { AF_INET, type Posix, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "@dcejs/dce-glue";

/** `tcp-server PORT`: accepts one connection and echoes until its end. */
export async function tcpEchoServer(posix: Posix): Promise<number> {
  const [, port] = posix.argv;
  const listener = await posix.socket(AF_INET, SOCK_STREAM, 0);
  await posix.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  await posix.bind(listener, { address: "0.0.0.0", port: Number(port) });
  await posix.listen(listener, 5);
  const { fd: connection, address } = await posix.accept(listener);
  await posix.print(`connection from ${address.address}\n`);

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
