import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { NetStack } from "@dcejs/net-stack";
import type { RtnlExtack, RtnlRequest } from "../rtnl-request.ts";
import type { Forwarders } from "./forwarders.ts";

/** rtnetlink of the emulated kernel. */
export function emulatedRtnl(
  _forwarders: Forwarders,
  _net: () => NetStack,
): (request: RtnlRequest, extack?: RtnlExtack) => number | Blocked {
  return () => -Errno.EOPNOTSUPP;
}
