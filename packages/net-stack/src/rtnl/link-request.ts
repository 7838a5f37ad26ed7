/** Requests about links (net/core/rtnetlink.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/netlink.ts";
import type { NetlinkMessage } from "../netlink/netlink.ts";
import type { NetlinkAttributes } from "../netlink/netlink-attributes.ts";
import type { NetlinkDump } from "../netlink/netlink-dump.ts";
import type { NetlinkExtAck } from "../netlink/netlink-ext-ack.ts";
import { nlmsgParse } from "../netlink/netlink-policy.ts";
import type { NetlinkPolicies } from "../netlink/netlink-policy.ts";
import { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { ETH_ALEN } from "../wire/ethernet.ts";
import { fillLink } from "./link-message.ts";
import { listDump } from "./list-dump.ts";
import { headerView, reply } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { IFLA, IFLA_INFO, RTM } from "./rtnetlink-numbers.ts";
import type { LinkChange } from "./records.ts";

/** struct ifinfomsg */
const IFINFOMSG_OCTETS = 16;
const MAX_ADDR_LEN = 32;
const IFNAMSIZ = 16;
const ALTIFNAMSIZ = 128;
const IFALIASZ = 256;
const MAX_TCP_HEADER = 160;

const U8 = { kind: "u8" } as const;
const U32 = { kind: "u32" } as const;
const S32 = { kind: "s32" } as const;
const NESTED = { kind: "nested" } as const;
const REJECT = { kind: "reject" } as const;
const ADDRESS = { kind: "binary", length: MAX_ADDR_LEN } as const;

/** ifla_policy */
const IFLA_POLICY: NetlinkPolicies = {
  [IFLA.IFNAME]: { kind: "text", length: IFNAMSIZ - 1 },
  [IFLA.ADDRESS]: ADDRESS,
  [IFLA.BROADCAST]: ADDRESS,
  [IFLA.MAP]: { kind: "octets", length: 32 },
  [IFLA.MTU]: U32,
  [IFLA.LINK]: U32,
  [IFLA.MASTER]: U32,
  [IFLA.CARRIER]: U8,
  [IFLA.TXQLEN]: U32,
  [IFLA.WEIGHT]: U32,
  [IFLA.OPERSTATE]: U8,
  [IFLA.LINKMODE]: U8,
  [IFLA.LINKINFO]: NESTED,
  [IFLA.NET_NS_PID]: U32,
  [IFLA.NET_NS_FD]: U32,
  [IFLA.IFALIAS]: { kind: "binary", length: IFALIASZ - 1 },
  [IFLA.VFINFO_LIST]: NESTED,
  [IFLA.VF_PORTS]: NESTED,
  [IFLA.PORT_SELF]: NESTED,
  [IFLA.AF_SPEC]: NESTED,
  [IFLA.EXT_MASK]: U32,
  [IFLA.PROMISCUITY]: U32,
  [IFLA.NUM_TX_QUEUES]: U32,
  [IFLA.NUM_RX_QUEUES]: U32,
  [IFLA.GSO_MAX_SEGS]: U32,
  [IFLA.GSO_MAX_SIZE]: { kind: "u32", min: MAX_TCP_HEADER + 1 },
  [IFLA.PHYS_PORT_ID]: ADDRESS,
  [IFLA.CARRIER_CHANGES]: U32,
  [IFLA.PHYS_SWITCH_ID]: ADDRESS,
  [IFLA.LINK_NETNSID]: S32,
  [IFLA.PROTO_DOWN]: U8,
  [IFLA.XDP]: NESTED,
  [IFLA.EVENT]: U32,
  [IFLA.GROUP]: U32,
  [IFLA.TARGET_NETNSID]: S32,
  [IFLA.CARRIER_UP_COUNT]: U32,
  [IFLA.CARRIER_DOWN_COUNT]: U32,
  [IFLA.MIN_MTU]: U32,
  [IFLA.MAX_MTU]: U32,
  [IFLA.PROP_LIST]: NESTED,
  [IFLA.ALT_IFNAME]: { kind: "text", length: ALTIFNAMSIZ - 1 },
  [IFLA.PERM_ADDRESS]: REJECT,
  [IFLA.PROTO_DOWN_REASON]: NESTED,
  [IFLA.NEW_IFINDEX]: { kind: "s32", min: 1 },
  [IFLA.PARENT_DEV_NAME]: { kind: "text" },
  [IFLA.GRO_MAX_SIZE]: U32,
  [IFLA.TSO_MAX_SIZE]: REJECT,
  [IFLA.TSO_MAX_SEGS]: REJECT,
  [IFLA.ALLMULTI]: REJECT,
  [IFLA.GSO_IPV4_MAX_SIZE]: { kind: "u32", min: MAX_TCP_HEADER + 1 },
  [IFLA.GRO_IPV4_MAX_SIZE]: U32,
};

/** What do_setlink would ask of a driver or of another subsystem, which nothing here has. */
const UNSUPPORTED: readonly number[] = [
  IFLA.MAP,
  IFLA.GROUP,
  IFLA.IFALIAS,
  IFLA.CARRIER,
  IFLA.VF_PORTS,
  IFLA.PORT_SELF,
  IFLA.PROTO_DOWN,
  IFLA.PROTO_DOWN_REASON,
  IFLA.XDP,
];

interface IfInfo {
  readonly ifindex: number;
  readonly flags: number;
  readonly change: number;
}

function ifinfo(message: NetlinkMessage): IfInfo {
  const view = headerView(message);
  return {
    ifindex: view.getInt32(4, true),
    flags: view.getUint32(8, true),
    change: view.getUint32(12, true),
  };
}

function parseLink(context: RtnlContext, isStrict = false): NetlinkAttributes | number {
  const { message, extack } = context;
  return nlmsgParse(message, IFINFOMSG_OCTETS, IFLA.MAX, IFLA_POLICY, isStrict, extack);
}

/** The device that index or name say; undefined: there is none; -EINVAL: the request says neither. */
function deviceOf(
  net: NetStack,
  info: IfInfo,
  attributes: NetlinkAttributes,
): NetDevice | undefined | number {
  if (info.ifindex > 0) return net.dev_get_by_index(info.ifindex);
  const name = attributes.text(IFLA.IFNAME) ?? attributes.text(IFLA.ALT_IFNAME);
  return name === undefined ? -Errno.EINVAL : net.dev_get_by_name(name);
}

/** RTM_GETLINK for one device. -EINVAL (short header, no index and no name), -ENODEV */
export function rtnl_getlink(context: RtnlContext): number {
  const { net, sk, message, extack } = context;
  if (message.payload.length < IFINFOMSG_OCTETS) {
    return extack.say("Invalid header for get link", -Errno.EINVAL);
  }
  if (sk.strictCheck && hasHeaderValues(message)) {
    return extack.say("Invalid values in header for get link request", -Errno.EINVAL);
  }
  const attributes = parseLink(context, sk.strictCheck);
  if (typeof attributes === "number") return attributes;
  const known: readonly number[] = [
    IFLA.IFNAME,
    IFLA.ALT_IFNAME,
    IFLA.EXT_MASK,
    IFLA.TARGET_NETNSID,
  ];
  if (sk.strictCheck && attributes.types().some((type) => !known.includes(type))) {
    return extack.say("Unsupported attribute in get link request", -Errno.EINVAL);
  }
  const dev = deviceOf(net, ifinfo(message), attributes);
  if (dev === undefined) return -Errno.ENODEV;
  if (typeof dev === "number") return dev;
  const writer = new NetlinkWriter();
  fillLink(writer, dev, RTM.NEWLINK, { portid: sk.portid, seq: message.seq }, 0, 0);
  return reply(context, writer);
}

/** A strict request leaves type, flags and change of ifinfomsg at zero. */
function hasHeaderValues(message: NetlinkMessage): boolean {
  const { payload } = message;
  return (
    payload.subarray(1, 4).some((octet) => octet !== 0) ||
    payload.subarray(8, IFINFOMSG_OCTETS).some((octet) => octet !== 0)
  );
}

/** RTM_GETLINK with NLM_F_DUMP: all devices, or those of a master or kind, of which there are none. */
export function rtnl_dump_ifinfo({ net, sk }: RtnlContext): NetlinkDump {
  return listDump<{ readonly isFiltered: boolean }, NetDevice>({
    prepare(cb) {
      const attributes = parseDump(cb.request, sk.strictCheck, cb.extack);
      if (typeof attributes === "number")
        return sk.strictCheck ? attributes : { isFiltered: false };
      const known: readonly number[] = [
        IFLA.EXT_MASK,
        IFLA.MASTER,
        IFLA.LINKINFO,
        IFLA.TARGET_NETNSID,
      ];
      if (sk.strictCheck && attributes.types().some((type) => !known.includes(type))) {
        return cb.extack.say("Unsupported attribute in link dump request", -Errno.EINVAL);
      }
      return { isFiltered: (attributes.u32(IFLA.MASTER) ?? 0) !== 0 };
    },
    items: ({ isFiltered }) => (isFiltered ? [] : [...net.devices]),
    write: (writer, dev, flags, cb) =>
      fillLink(writer, dev, RTM.NEWLINK, { portid: cb.portid, seq: cb.request.seq }, flags, 0),
    generation: () => net.dev_base_seq,
  });
}

/** rtnl_valid_dump_ifinfo_req: old programs send a header of one octet. */
function parseDump(
  message: NetlinkMessage,
  isStrict: boolean,
  extack: NetlinkExtAck,
): NetlinkAttributes | number {
  const { payload } = message;
  if (isStrict) {
    if (payload.length < IFINFOMSG_OCTETS) {
      return extack.say("Invalid header for link dump", -Errno.EINVAL);
    }
    if (hasHeaderValues(message)) {
      return extack.say("Invalid values in header for link dump request", -Errno.EINVAL);
    }
    if (ifinfo(message).ifindex !== 0) {
      return extack.say("Filter by device index not supported for link dumps", -Errno.EINVAL);
    }
  }
  const headerLength = payload.length < IFINFOMSG_OCTETS ? 1 : IFINFOMSG_OCTETS;
  return nlmsgParse(message, headerLength, IFLA.MAX, IFLA_POLICY, isStrict, extack);
}

/** RTM_SETLINK. -EINVAL, -ENODEV, and what the change itself fails with */
export function rtnl_setlink(context: RtnlContext): number {
  const attributes = parseLink(context);
  if (typeof attributes === "number") return attributes;
  const dev = deviceOf(context.net, ifinfo(context.message), attributes);
  if (dev === undefined) return -Errno.ENODEV;
  return typeof dev === "number" ? dev : do_setlink(context, dev, attributes);
}

/**
 * RTM_NEWLINK: changes a device that is there. Links are made by the simulation, so every kind is
 * unknown. -EEXIST, -ENODEV, -EOPNOTSUPP "Unknown device type"
 */
export function rtnl_newlink(context: RtnlContext): number {
  const { net, message, extack } = context;
  const attributes = parseLink(context);
  if (typeof attributes === "number") return attributes;
  const info = ifinfo(message);
  if (info.ifindex < 0) return extack.say("ifindex can't be negative", -Errno.EINVAL);
  const found = deviceOf(net, info, attributes);
  const dev = typeof found === "number" ? undefined : found;
  if (dev !== undefined) {
    if ((message.flags & NLM_F_EXCL) !== 0) return -Errno.EEXIST;
    if ((message.flags & NLM_F_REPLACE) !== 0) return -Errno.EOPNOTSUPP;
    const hasData = attributes.nested(IFLA.LINKINFO)?.has(IFLA_INFO.DATA) === true;
    return hasData ? -Errno.EOPNOTSUPP : do_setlink(context, dev, attributes);
  }
  if ((message.flags & NLM_F_CREATE) === 0) return -Errno.ENODEV;
  return extack.say("Unknown device type", -Errno.EOPNOTSUPP);
}

/** RTM_DELLINK. -EINVAL, -ENODEV; no device here can be deleted by a program: -EOPNOTSUPP */
export function rtnl_dellink(context: RtnlContext): number {
  const attributes = parseLink(context);
  if (typeof attributes === "number") return attributes;
  const dev = deviceOf(context.net, ifinfo(context.message), attributes);
  if (dev === undefined) return -Errno.ENODEV;
  return typeof dev === "number" ? dev : -Errno.EOPNOTSUPP;
}

function do_setlink(context: RtnlContext, dev: NetDevice, attributes: NetlinkAttributes): number {
  const address = attributes.bytes(IFLA.ADDRESS);
  const broadcast = attributes.bytes(IFLA.BROADCAST);
  if (address !== undefined && address.length < ETH_ALEN) return -Errno.EINVAL;
  if (broadcast !== undefined && broadcast.length < ETH_ALEN) return -Errno.EINVAL;
  if (attributes.has(IFLA.NET_NS_PID) || attributes.has(IFLA.NET_NS_FD)) return -Errno.EINVAL;
  if (UNSUPPORTED.some((type) => attributes.has(type))) return -Errno.EOPNOTSUPP;
  const master = attributes.u32(IFLA.MASTER) ?? 0;
  if (master !== 0) {
    return context.net.dev_get_by_index(master) === undefined ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
  }
  return context.net.rtnl.link_set(dev.ifindex, changeOf(ifinfo(context.message), attributes));
}

function changeOf(info: IfInfo, attributes: NetlinkAttributes): LinkChange {
  const address = attributes.bytes(IFLA.ADDRESS)?.slice(0, ETH_ALEN);
  const mtu = attributes.s32(IFLA.MTU);
  const txQueueLength = attributes.u32(IFLA.TXQLEN);
  // With a name alone the name says which device is meant.
  const name = info.ifindex > 0 ? attributes.text(IFLA.IFNAME) : undefined;
  const hasFlags = info.flags !== 0 || info.change !== 0;
  return {
    ...(address === undefined ? {} : { address }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(name === undefined || name === "" ? {} : { name }),
    // rtnl_dev_combine_flags: no mask means all flags.
    ...(hasFlags ? { flags: info.flags, flagsMask: info.change === 0 ? ALL : info.change } : {}),
    ...(txQueueLength === undefined ? {} : { txQueueLength }),
  };
}

const ALL = 0xffff_ffff;
