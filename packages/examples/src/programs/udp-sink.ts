import { AF_INET, type Posix, SOCK_DGRAM } from "@dcejs/dce-glue";

/** `udp-sink PORT IDLE_MS`: counts datagrams until none has come for IDLE_MS; prints the count. */
export async function udpSink(posix: Posix): Promise<number> {
  const [, port, idleMs] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_DGRAM, 0);
  await posix.setReceiveBuffer(socket, 4 * 1024 * 1024);
  await posix.setReceiveTimeout(socket, Number(idleMs) * 1_000_000);
  await posix.bind(socket, { address: "0.0.0.0", port: Number(port) });
  const buffer = new Uint8Array(65536);
  let count = 0;
  try {
    for (;;) {
      await posix.recv(socket, buffer);
      count++;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
  }
  await posix.close(socket);
  await posix.print(`${count}\n`);
  return 0;
}
