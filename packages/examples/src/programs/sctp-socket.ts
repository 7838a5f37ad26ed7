import {
  AF_INET,
  encodeSocketAddress,
  IPPROTO_SCTP,
  type Posix,
  SOCK_STREAM,
} from "@dcejs/dce-glue";

/** sctp_bindx() is this option: one address more for a socket that has one. */
const SCTP_SOCKOPT_BINDX_ADD = 100;

/** A one-to-one socket of SCTP that is bound to all of these addresses, each on that port: a multi-homed endpoint. */
export async function multiHomedSocket(
  posix: Posix,
  addresses: readonly string[],
  port: number,
): Promise<number> {
  const socket = await posix.socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
  const [first = "0.0.0.0", ...others] = addresses;
  await posix.bind(socket, { address: first, port });
  for (const address of others) {
    const bytes = encodeSocketAddress({ address, port });
    await posix.setsockopt(socket, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, bytes);
  }
  return socket;
}
