import { AF_INET, type LeakReport, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

/** What a run may leave behind. */
export const NOTHING_LEFT: LeakReport = {
  tasks: 0,
  events: 0,
  fileDescriptors: 0,
  packets: 0,
  hostObjects: 0,
};

/** A TCP socket that accepts connections on a port. */
export async function listenOn(posix: Posix, port: number, backlog = 128): Promise<number> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port });
  await posix.listen(listener, backlog);
  return listener;
}
