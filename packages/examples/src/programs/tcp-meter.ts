import { AF_INET, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

const NSEC_PER_SEC = 1_000_000_000;

/** `tcp-meter PORT SECONDS`: reads one connection to its end, and prints the octets of each interval of so many seconds. */
export async function tcpMeter(posix: Posix): Promise<number> {
  const [, port, seconds] = posix.argv;
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.bind(listener, { address: "0.0.0.0", port: Number(port) });
  await posix.listen(listener, 1);
  const connection = await posix.accept(listener);

  const interval = Number(seconds) * NSEC_PER_SEC;
  const octets: number[] = [];
  const start = posix.now();
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await posix.recv(connection, buffer);
    const index = Math.floor((posix.now() - start) / interval);
    while (octets.length <= index) octets.push(0);
    if (length === 0) break;
    octets[index] = (octets[index] ?? 0) + length;
  }
  await posix.close(connection);
  await posix.close(listener);
  await posix.print(octets.map((count) => `${count}\n`).join(""));
  return 0;
}
