import { AF_INET, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";

/** `who-calls PORT`: tells each that connects the address that it comes from; runs until it is stopped. */
export async function whoCalls(posix: Posix): Promise<number> {
  const [, port] = posix.argv;
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port: Number(port) });
  await posix.listen(listener);
  for (;;) {
    const { fd, address } = await posix.acceptFrom(listener);
    await posix.send(fd, address?.address ?? "nobody");
    await posix.close(fd);
  }
}
