import { AF_INET, type Posix, SHUT_WR, SOCK_STREAM } from "@dcejs/dce-glue";

/** `tcp-client ADDRESS PORT TEXT`: sends the text and prints what comes back; exit 1 if it differs. */
export async function tcpEchoClient(posix: Posix): Promise<number> {
  const [, address = "", port, text = ""] = posix.argv;
  const connection = await posix.socket(AF_INET, SOCK_STREAM, 0);
  await posix.connect(connection, { address, port: Number(port) });
  await posix.send(connection, new TextEncoder().encode(text));
  await posix.shutdown(connection, SHUT_WR);

  let echoed = "";
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder();
  for (;;) {
    const length = await posix.recv(connection, buffer);
    if (length === 0) break;
    echoed += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  await posix.close(connection);
  await posix.print(`${echoed}\n`);
  return echoed === text ? 0 : 1;
}
