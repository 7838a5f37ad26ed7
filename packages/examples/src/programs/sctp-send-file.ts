import { O_RDONLY, type Posix } from "@dcejs/dce-glue";
import { multiHomedSocket } from "./sctp-socket.ts";

/** One message: it fits a packet. */
const MESSAGE = 1400;

/** `sctp-send-file ADDRESS PORT PATH OWN-ADDRESS…`: sends a file as messages of one association, in their order. */
export async function sctpSendFile(posix: Posix): Promise<number> {
  const [, address = "", port, path = "", ...addresses] = posix.argv;
  const file = await posix.open(path, O_RDONLY);
  const socket = await multiHomedSocket(posix, addresses, Number(port));
  await posix.connect(socket, { address, port: Number(port) });
  const buffer = new Uint8Array(MESSAGE);
  for (;;) {
    const length = await posix.read(file, buffer);
    if (length === 0) break;
    await posix.send(socket, buffer.subarray(0, length));
  }
  // What is on its way still arrives: the association shuts down behind it.
  await posix.close(socket);
  return 0;
}
