import { AF_INET, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

const CHUNK = 32 * 1024;

/** `tcp-stream ADDRESS PORT CONGESTION-CONTROL SECONDS`: sends as fast as TCP lets it, for so long. */
export async function tcpStream(posix: Posix): Promise<number> {
  const [, address = "", port, congestionControl = "", seconds] = posix.argv;
  const connection = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setCongestionControl(connection, congestionControl);
  await posix.connect(connection, { address, port: Number(port) });
  const end = posix.now() + Number(seconds) * 1e9;
  const chunk = new Uint8Array(CHUNK);
  while (posix.now() < end) await posix.send(connection, chunk);
  await posix.print(`${await posix.getCongestionControl(connection)}\n`);
  await posix.close(connection);
  return 0;
}
