import { AF_INET, type Posix, SOCK_DGRAM } from "@dcejs/dce-glue";

/** `udp-client ADDRESS PORT COUNT`: sends COUNT datagrams, one after the other's echo. */
export async function udpEchoClient(posix: Posix): Promise<number> {
  const [, address = "", port, count] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_DGRAM, 0);
  await posix.connect(socket, { address, port: Number(port) });
  const buffer = new Uint8Array(2048);
  for (let i = 0; i < Number(count); i++) {
    const text = `datagram ${i}`;
    await posix.send(socket, new TextEncoder().encode(text));
    const length = await posix.recv(socket, buffer);
    const echoed = new TextDecoder().decode(buffer.subarray(0, length));
    if (echoed !== text) return 1;
  }
  await posix.close(socket);
  await posix.print(`${count} datagrams echoed\n`);
  return 0;
}
