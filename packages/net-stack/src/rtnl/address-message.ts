/** Requests and messages about IPv4 addresses (net/ipv4/devinet.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { inet_del_ifa, inet_insert_ifa, makeIfaddr } from "../ip/devinet.ts";
import { IFA_F_NOPREFIXROUTE, IFA_F_PERMANENT, inet_ifa_match } from "../ip/in-device.ts";
import type { InDevice, InIfaddr } from "../ip/in-device.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_DUMP_FILTERED, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/netlink.ts";
import type { NetlinkCallback, NetlinkDump } from "../netlink/netlink-dump.ts";
import { nlmsgParse } from "../netlink/netlink-policy.ts";
import type { NetlinkPolicies } from "../netlink/netlink-policy.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import type { MessageTarget } from "./link-message.ts";
import { listDump } from "./list-dump.ts";
import { headerView } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { IFA, RTM } from "./rtnetlink-numbers.ts";

/** struct ifaddrmsg */
const IFADDRMSG_OCTETS = 8;
const INFINITY_LIFE_TIME = 0xffff_ffff;
const USER_HZ = 100;

const U32 = { kind: "u32" } as const;

/** ifa_ipv4_policy */
const IFA_POLICY: NetlinkPolicies = {
  [IFA.LOCAL]: U32,
  [IFA.ADDRESS]: U32,
  [IFA.BROADCAST]: U32,
  [IFA.LABEL]: { kind: "text", length: 15 },
  [IFA.CACHEINFO]: { kind: "octets", length: 16 },
  [IFA.FLAGS]: U32,
  [IFA.RT_PRIORITY]: U32,
  [IFA.TARGET_NETNSID]: { kind: "s32" },
  [IFA.PROTO]: { kind: "u8" },
};

/** inet_fill_ifaddr. @returns false: it does not fit */
export function fillAddress(
  writer: NetlinkWriter,
  inDev: InDevice,
  ifa: InIfaddr,
  type: number,
  target: MessageTarget,
  flags: number,
): boolean {
  writer.begin(type, flags, target.seq, target.portid);
  writer
    .u8(AF_INET)
    .u8(ifa.ifa_prefixlen)
    .u8(ifa.ifa_flags & 0xff)
    .u8(ifa.ifa_scope);
  writer.u32(inDev.dev.ifindex);
  if (ifa.ifa_address !== 0) writer.attributeBe32(IFA.ADDRESS, ifa.ifa_address);
  if (ifa.ifa_local !== 0) writer.attributeBe32(IFA.LOCAL, ifa.ifa_local);
  if (ifa.ifa_broadcast !== 0) writer.attributeBe32(IFA.BROADCAST, ifa.ifa_broadcast);
  if (ifa.ifa_label !== "") writer.attributeText(IFA.LABEL, ifa.ifa_label);
  if (ifa.ifa_proto !== 0) writer.attributeU8(IFA.PROTO, ifa.ifa_proto);
  writer.attributeU32(IFA.FLAGS, ifa.ifa_flags);
  if (ifa.ifa_rt_priority !== 0) writer.attributeU32(IFA.RT_PRIORITY, ifa.ifa_rt_priority);
  writer.attribute(IFA.CACHEINFO, cacheInfo(inDev, ifa));
  return writer.end();
}

/** struct ifa_cacheinfo: lifetimes in seconds, times of creation and change in hundredths since boot. */
function cacheInfo(inDev: InDevice, ifa: InIfaddr): Uint8Array {
  const hz = inDev.dev.net?.kernel.HZ ?? USER_HZ;
  const hundredths = (jiffies: number): number => Math.floor((jiffies * USER_HZ) / hz);
  const values = Uint32Array.of(
    INFINITY_LIFE_TIME,
    INFINITY_LIFE_TIME,
    hundredths(ifa.ifa_cstamp),
    hundredths(ifa.ifa_tstamp),
  );
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return octets;
}

/** RTM_NEWADDR. -EINVAL, -ENODEV, -EEXIST; -EOPNOTSUPP for an address that is to go by itself */
export function inet_rtm_newaddr(context: RtnlContext): number {
  const { net, message, extack } = context;
  const parsed = parseAddress(context);
  if (typeof parsed === "number") return parsed;
  const { inDev, ifa } = parsed;
  const existing = inDev.ifa_list.find(
    (other) =>
      other.ifa_mask === ifa.ifa_mask &&
      inet_ifa_match(other.ifa_address, ifa) &&
      other.ifa_local === ifa.ifa_local,
  );
  // The address 0.0.0.0 is taken, and nothing is done (__inet_insert_ifa).
  if (ifa.ifa_local === 0) return 0;
  if (existing === undefined) return inet_insert_ifa(net, inDev, ifa);
  if ((message.flags & NLM_F_EXCL) !== 0 || (message.flags & NLM_F_REPLACE) === 0) {
    return extack.say("ipv4: Address already assigned", -Errno.EEXIST);
  }
  existing.ifa_proto = ifa.ifa_proto;
  existing.ifa_tstamp = net.kernel.jiffies;
  net.notify.address(RTM.NEWADDR, inDev, existing);
  return 0;
}

/** rtm_to_ifaddr */
function parseAddress({
  net,
  message,
  extack,
}: RtnlContext): { inDev: InDevice; ifa: InIfaddr } | number {
  const parsed = nlmsgParse(message, IFADDRMSG_OCTETS, IFA.MAX, IFA_POLICY, false, extack);
  if (typeof parsed === "number") return parsed;
  const view = headerView(message);
  const prefixLength = view.getUint8(1);
  if (prefixLength > 32) return extack.say("ipv4: Invalid prefix length", -Errno.EINVAL);
  const local = parsed.be32(IFA.LOCAL);
  if (local === undefined) {
    return extack.say("ipv4: Local address is not supplied", -Errno.EINVAL);
  }
  const inDev = net.dev_get_by_index(view.getUint32(4, true))?.ip_ptr;
  if (inDev === undefined) return extack.say("ipv4: Device not found", -Errno.ENODEV);
  const lifetimes = parsed.bytes(IFA.CACHEINFO);
  if (lifetimes !== undefined) {
    const error = checkLifetimes(lifetimes, extack);
    if (error < 0) return error;
  }
  const flags = parsed.u32(IFA.FLAGS) ?? view.getUint8(2);
  const ifa = makeIfaddr(
    local,
    prefixLength,
    view.getUint8(3),
    parsed.text(IFA.LABEL) ?? inDev.dev.name,
    parsed.be32(IFA.BROADCAST) ?? 0,
    parsed.be32(IFA.ADDRESS) ?? local,
  );
  ifa.ifa_flags = IFA_F_PERMANENT | (flags & IFA_F_NOPREFIXROUTE);
  ifa.ifa_rt_priority = parsed.u32(IFA.RT_PRIORITY) ?? 0;
  ifa.ifa_proto = parsed.u8(IFA.PROTO) ?? 0;
  return { inDev, ifa };
}

function checkLifetimes(value: Uint8Array, extack: RtnlContext["extack"]): number {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const preferred = view.getUint32(0, true);
  const valid = view.getUint32(4, true);
  if (valid === 0 || preferred > valid) {
    return extack.say("ipv4: address lifetime invalid", -Errno.EINVAL);
  }
  if (valid === INFINITY_LIFE_TIME && preferred === INFINITY_LIFE_TIME) return 0;
  return extack.say("ipv4: addresses live for ever here", -Errno.EOPNOTSUPP);
}

/** RTM_DELADDR: the first address that fits what is said. -EINVAL, -ENODEV, -EADDRNOTAVAIL */
export function inet_rtm_deladdr(context: RtnlContext): number {
  const { net, message, extack } = context;
  const parsed = nlmsgParse(message, IFADDRMSG_OCTETS, IFA.MAX, IFA_POLICY, false, extack);
  if (typeof parsed === "number") return parsed;
  const view = headerView(message);
  const inDev = net.dev_get_by_index(view.getUint32(4, true))?.ip_ptr;
  if (inDev === undefined) return extack.say("ipv4: Device not found", -Errno.ENODEV);
  const prefixLength = view.getUint8(1);
  const local = parsed.be32(IFA.LOCAL);
  const address = parsed.be32(IFA.ADDRESS);
  const label = parsed.text(IFA.LABEL);
  const ifa = inDev.ifa_list.find(
    (one) =>
      (local === undefined || one.ifa_local === local) &&
      (label === undefined || one.ifa_label === label) &&
      (address === undefined ||
        (one.ifa_prefixlen === prefixLength && inet_ifa_match(address, one))),
  );
  return ifa === undefined
    ? extack.say("ipv4: Address not found", -Errno.EADDRNOTAVAIL)
    : inet_del_ifa(net, inDev, ifa);
}

/** RTM_GETADDR with NLM_F_DUMP. */
export function inet_dump_ifaddr({ net, sk }: RtnlContext): NetlinkDump {
  return listDump<{ readonly ifindex: number }, { inDev: InDevice; ifa: InIfaddr }>({
    prepare: (cb) => (sk.strictCheck ? strictFilter(cb) : { ifindex: 0 }),
    items: ({ ifindex }) => addressesOf(net, ifindex),
    write: (writer, { inDev, ifa }, flags, cb) => {
      const target = { portid: cb.portid, seq: cb.request.seq };
      return fillAddress(writer, inDev, ifa, RTM.NEWADDR, target, flags);
    },
    generation: () => net.dev_base_seq + net.ipv4.dev_addr_genid,
  });
}

/** inet_valid_dump_ifaddr_req */
function strictFilter(cb: NetlinkCallback): { ifindex: number } | number {
  const { request, extack } = cb;
  if (request.payload.length < IFADDRMSG_OCTETS) {
    return extack.say("ipv4: Invalid header for address dump request", -Errno.EINVAL);
  }
  if (request.payload.subarray(1, 4).some((octet) => octet !== 0)) {
    return extack.say("ipv4: Invalid values in header for address dump request", -Errno.EINVAL);
  }
  const ifindex = headerView(request).getUint32(4, true);
  if (ifindex !== 0) cb.answerFlags = NLM_F_DUMP_FILTERED;
  const parsed = nlmsgParse(request, IFADDRMSG_OCTETS, IFA.MAX, IFA_POLICY, true, extack);
  if (typeof parsed === "number") return parsed;
  if (parsed.types().some((type) => type !== IFA.TARGET_NETNSID)) {
    return extack.say("ipv4: Unsupported attribute in dump request", -Errno.EINVAL);
  }
  return { ifindex };
}

function addressesOf(
  net: NetStack,
  ifindex: number,
): { inDev: InDevice; ifa: InIfaddr }[] | number {
  if (ifindex !== 0 && net.dev_get_by_index(ifindex) === undefined) return -Errno.ENODEV;
  const found: { inDev: InDevice; ifa: InIfaddr }[] = [];
  for (const dev of net.devices) {
    const inDev = dev.ip_ptr;
    if (inDev === undefined || (ifindex !== 0 && dev.ifindex !== ifindex)) continue;
    for (const ifa of inDev.ifa_list) found.push({ inDev, ifa });
  }
  return found;
}
