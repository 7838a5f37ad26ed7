import { AF_INET, O_RDONLY, type Posix, SHUT_WR, SOCK_STREAM } from "@dcejs/dce-glue";

/** `send-file ADDRESS PORT PATH [PROTOCOL]`: connects, sends the file, and waits until the other side has closed. */
export async function sendFile(posix: Posix): Promise<number> {
  const [, address = "", port, path = "", protocol = "0"] = posix.argv;
  const file = await posix.open(path, O_RDONLY);
  const connection = await posix.socket(AF_INET, SOCK_STREAM, Number(protocol));
  await posix.connect(connection, { address, port: Number(port) });

  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await posix.read(file, buffer);
    if (length === 0) break;
    await sendAll(posix, connection, buffer, length);
  }
  await posix.shutdown(connection, SHUT_WR);
  while ((await posix.recv(connection, buffer)) > 0) {
    // The receiver sends nothing; its end of file says that it has everything.
  }
  await posix.close(connection);
  return 0;
}

async function sendAll(posix: Posix, fd: number, bytes: Uint8Array, length: number): Promise<void> {
  for (let sent = 0; sent < length; ) {
    sent += await posix.send(fd, bytes.subarray(sent, length));
  }
}
