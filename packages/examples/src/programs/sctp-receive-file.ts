import { O_CREAT, O_TRUNC, O_WRONLY, type Posix } from "@dcejs/dce-glue";
import { multiHomedSocket } from "./sctp-socket.ts";

/** `sctp-receive-file PORT PATH ADDRESS…`: accepts one association and writes its messages to a file. */
export async function sctpReceiveFile(posix: Posix): Promise<number> {
  const [, port, path = "", ...addresses] = posix.argv;
  const listener = await multiHomedSocket(posix, addresses, Number(port));
  await posix.listen(listener, 1);
  const association = await posix.accept(listener);
  const file = await posix.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await posix.recv(association, buffer);
    if (length === 0) break;
    await posix.write(file, buffer.subarray(0, length));
  }
  await posix.close(file);
  await posix.close(association);
  await posix.close(listener);
  return 0;
}
