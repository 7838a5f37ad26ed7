import { AF_INET, type Posix, SOCK_DGRAM } from "@dcejs/dce-glue";

/** `udp-blast ADDRESS PORT PACKETS SIZE INTERVAL_NS`: datagrams at a constant rate, each with its number. */
export async function udpBlast(posix: Posix): Promise<number> {
  const [, address = "", port, packets, size, interval] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_DGRAM, 0);
  await posix.connect(socket, { address, port: Number(port) });
  const payload = new Uint8Array(Number(size));
  const header = new DataView(payload.buffer);
  for (let i = 0; i < Number(packets); i++) {
    header.setUint32(0, i);
    await posix.send(socket, payload);
    await posix.nanosleep(Number(interval));
  }
  await posix.close(socket);
  return 0;
}
