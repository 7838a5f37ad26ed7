import { IFLA, NetlinkWriter } from "@dcejs/net-stack";
import { addressOctets, familyOf } from "../kernel/rtnl-request.ts";
import { AF_INET } from "../posix/socket-address.ts";
import { type IpArguments, invalidArgument, unsignedArgument } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { addressArgument, lladdrArgument } from "./ip-values.ts";

/** Finds the index of a device by its name; asked when the command runs. */
type IndexOf = (name: string) => number;

/** Writes the attributes of IFLA_INFO_DATA. */
export type KindData = (writer: NetlinkWriter, indexOf: IndexOf) => void;

type Word = (args: IpArguments) => KindData;

/** The options of one kind: each word with what it takes and writes. */
type Words = Readonly<Record<string, Word>>;

function u8(type: number, message: string): Word {
  return (args) => {
    const value = unsignedArgument(args.take(), message, 0xff);
    return (writer) => writer.attributeU8(type, value);
  };
}

function u16(type: number, message: string): Word {
  return (args) => {
    const value = unsignedArgument(args.take(), message, 0xffff);
    return (writer) => writer.attributeU16(type, value);
  };
}

function be16(type: number, message: string): Word {
  return (args) => {
    const value = unsignedArgument(args.take(), message, 0xffff);
    return (writer) => writer.attributeBe16(type, value);
  };
}

function u32(type: number, message: string, max = 0xffff_ffff): Word {
  return (args) => {
    const value = unsignedArgument(args.take(), message, max);
    return (writer) => writer.attributeU32(type, value);
  };
}

function device(type: number): Word {
  return (args) => {
    const name = args.take();
    return (writer, indexOf) => writer.attributeU32(type, indexOf(name));
  };
}

/** An attribute of its own for each family. */
function address(inet: number, inet6: number): Word {
  return (args) => {
    const value = addressArgument(args.take(), "any valid");
    const type = familyOf(value) === AF_INET ? inet : inet6;
    return (writer) => writer.attribute(type, addressOctets(value));
  };
}

function constant(type: number, value: number): Word {
  return () => (writer) => writer.attributeU8(type, value);
}

function oneOf(type: number, names: Readonly<Record<string, number>>, message: string): Word {
  return (args) => {
    const word = args.take();
    const value = Object.hasOwn(names, word) ? names[word] : undefined;
    if (value === undefined) throw invalidArgument(message, word);
    return (writer) => writer.attributeU32(type, value);
  };
}

/** IFLA_BR_* */
const BRIDGE: Words = {
  forward_delay: u32(1, "invalid forward_delay"),
  hello_time: u32(2, "invalid hello_time"),
  max_age: u32(3, "invalid max_age"),
  ageing_time: u32(4, "invalid ageing_time"),
  stp_state: u32(5, "invalid stp_state"),
  priority: u16(6, "invalid priority"),
  vlan_filtering: u8(7, "invalid vlan_filtering"),
  group_fwd_mask: u16(9, "invalid group_fwd_mask"),
  mcast_router: u8(22, "invalid mcast_router"),
  mcast_snooping: u8(23, "invalid mcast_snooping"),
  mcast_querier: u8(25, "invalid mcast_querier"),
  vlan_default_pvid: u16(39, "invalid vlan_default_pvid"),
};

/** IFLA_VLAN_* */
const VLAN: Words = {
  id: u16(1, "id is invalid"),
  protocol: (args) => {
    const word = args.take();
    const protocol = { "802.1q": 0x8100, "802.1ad": 0x88a8 }[word.toLowerCase()];
    if (protocol === undefined) throw invalidArgument("protocol is invalid", word);
    return (writer) => writer.attributeBe16(5, protocol);
  },
};

/** IFLA_VXLAN_* */
const VXLAN: Words = {
  id: u32(1, "invalid id", 0xff_ffff),
  vni: u32(1, "invalid id", 0xff_ffff),
  group: address(2, 16),
  remote: address(2, 16),
  dev: device(3),
  local: address(4, 17),
  ttl: u8(5, "invalid TTL"),
  hoplimit: u8(5, "invalid TTL"),
  tos: u8(6, "invalid TOS"),
  learning: constant(7, 1),
  nolearning: constant(7, 0),
  ageing: u32(8, "ageing timer"),
  maxaddress: u32(9, "max addresses"),
  proxy: constant(11, 1),
  noproxy: constant(11, 0),
  dstport: be16(15, "dst port"),
};

/** IFLA_MACVLAN_MODE, IFLA_IPVLAN_MODE, IFLA_VRF_TABLE */
const MACVLAN: Words = {
  mode: oneOf(1, { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 }, "invalid mode"),
};
const IPVLAN: Words = {
  mode: (args) => {
    const word = args.take();
    const mode = { l2: 0, l3: 1, l3s: 2 }[word];
    if (mode === undefined) throw invalidArgument("invalid mode", word);
    return (writer) => writer.attributeU16(1, mode);
  },
};
const VRF: Words = { table: u32(1, "invalid table ID") };

const KINDS: ReadonlyMap<string, Words> = new Map<string, Words>([
  ["dummy", {}],
  ["ifb", {}],
  ["nlmon", {}],
  ["bridge", BRIDGE],
  ["vlan", VLAN],
  ["vxlan", VXLAN],
  ["macvlan", MACVLAN],
  ["ipvlan", IPVLAN],
  ["vrf", VRF],
]);

/**
 * Takes the words behind `type KIND`.
 * @returns undefined: the kind has no data
 * @throws {IpCommandError} in the words of iproute2's parser of that kind
 */
export function parseKindData(kind: string, args: IpArguments): KindData | undefined {
  if (kind === "veth") return parseVeth(args);
  const words = KINDS.get(kind);
  if (words === undefined) {
    if (args.isEmpty) return undefined;
    const rest = args.take();
    throw new IpCommandError(
      `Garbage instead of arguments "${rest} ...". Try "ip link help".`,
      255,
    );
  }
  const written: KindData[] = [];
  while (!args.isEmpty) {
    const word = args.take();
    const option = Object.hasOwn(words, word) ? words[word] : undefined;
    if (option === undefined) throw new IpCommandError(`${kind}: unknown command "${word}"?`, 255);
    written.push(option(args));
  }
  if (Object.keys(words).length === 0) return undefined;
  return (writer, indexOf) => {
    for (const write of written) write(writer, indexOf);
  };
}

const VETH_INFO_PEER = 1;

/** `peer [name] NAME [address LLADDR] [mtu MTU] [txqueuelen N]`: the other end is described as a link. */
function parseVeth(args: IpArguments): KindData | undefined {
  if (args.isEmpty) return undefined;
  const word = args.take();
  if (word !== "peer") throw new IpCommandError(`veth: unknown option "${word}"?`, 255);
  const peer = new NetlinkWriter();
  peer.u8(0).u8(0).u16(0).u32(0).u32(0).u32(0);
  while (!args.isEmpty) {
    const option = args.take();
    if (option === "address") peer.attribute(IFLA.ADDRESS, lladdrArgument(args.take()));
    else if (option === "mtu") {
      peer.attributeU32(IFLA.MTU, unsignedArgument(args.take(), 'Invalid "mtu" value'));
    } else if (option === "txqueuelen" || option === "qlen") {
      const length = unsignedArgument(args.take(), 'Invalid "txqueuelen" value');
      peer.attributeU32(IFLA.TXQLEN, length);
    } else peer.attributeText(IFLA.IFNAME, option === "name" ? args.take() : option);
  }
  const octets = peer.bytes();
  return (writer) => writer.attribute(VETH_INFO_PEER, octets);
}
