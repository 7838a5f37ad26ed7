import { AF_INET, type Posix, SOCK_DGRAM } from "@dcejs/dce-glue";

/** `udp-server PORT COUNT`: sends COUNT datagrams back to where they came from. */
export async function udpEchoServer(posix: Posix): Promise<number> {
  const [, port, count] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_DGRAM, 0);
  await posix.bind(socket, { address: "0.0.0.0", port: Number(port) });
  const buffer = new Uint8Array(2048);
  for (let i = 0; i < Number(count); i++) {
    const { length, address } = await posix.recvfrom(socket, buffer);
    if (address === undefined) return 1;
    await posix.sendto(socket, buffer.subarray(0, length), address);
  }
  await posix.close(socket);
  return 0;
}
