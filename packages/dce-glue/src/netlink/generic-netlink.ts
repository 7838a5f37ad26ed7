import { Errno, type Wait } from "@dcejs/lkl-kernel";
import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import {
  type NetlinkAnswer,
  NetlinkClient,
  type NetlinkKernel,
  type NetlinkTalker,
} from "./netlink-client.ts";

const NETLINK_GENERIC = 16;
const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
export const GENL_HDRLEN = 4;

/** A command of a generic netlink family. */
export interface GenericRequest {
  readonly command: number;
  readonly version: number;
  /** NLM_F_DUMP, or 0. */
  readonly flags: number;
  /** The attributes. */
  write(writer: NetlinkWriter): void;
}

/** Generic netlink: families have names, and numbers that the kernel gives them at boot. */
export class GenericNetlink {
  readonly #netlink: NetlinkTalker;
  readonly #numbers = new Map<string, number>();

  constructor(netlink: NetlinkTalker) {
    this.#netlink = netlink;
  }

  /** @returns -ENOENT where the kernel has no such family, -EPROTONOSUPPORT where it has none at all */
  *transact(family: string, request: GenericRequest): Wait<NetlinkAnswer> {
    const number = this.#numbers.get(family) ?? (yield* this.#resolve(family));
    if (number < 0) return { errno: number, extack: undefined, messages: [] };
    this.#numbers.set(family, number);
    return yield* this.#netlink.transact({
      type: number,
      flags: request.flags,
      isDump: request.flags !== 0,
      write: (writer) => {
        writer.u8(request.command).u8(request.version).u16(0);
        request.write(writer);
      },
    });
  }

  *#resolve(family: string): Wait {
    const { errno, messages } = yield* this.#netlink.transact({
      type: GENL_ID_CTRL,
      flags: 0,
      isDump: false,
      write: (writer) => {
        writer.u8(CTRL_CMD_GETFAMILY).u8(0).u16(0).attributeText(CTRL_ATTR_FAMILY_NAME, family);
      },
    });
    if (errno < 0) return errno;
    const attributes = messages.map(
      ({ payload }) => new NetlinkAttributes(payload.subarray(GENL_HDRLEN)),
    );
    return (
      attributes.map((one) => one.u16(CTRL_ATTR_FAMILY_ID)).find((id) => id !== undefined) ??
      -Errno.ENOENT
    );
  }
}

const clients = new WeakMap<NetlinkKernel, GenericNetlink>();

/** The generic netlink client of a kernel: always the same one. */
export function genericNetlink(kernel: NetlinkKernel): GenericNetlink {
  const known = clients.get(kernel);
  if (known !== undefined) return known;
  const client = new GenericNetlink(new NetlinkClient(kernel, NETLINK_GENERIC));
  clients.set(kernel, client);
  return client;
}
