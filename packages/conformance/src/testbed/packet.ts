import { inspect } from "node:util";
import { formatIpv4, formatIpv6 } from "@dcejs/dce-glue";

export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

const ETHERNET_OCTETS = 14;
const FLAG_LETTERS = ["F", "S", "R", "P", "A", "U", "E", "C"];

export interface Ipv4Header {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Octets. */
  readonly fragmentOffset: number;
  readonly headerLength: number;
  readonly totalLength: number;
}

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** Not scaled. */
  readonly window: number;
  readonly urgent: number;
  /** Of the MSS option; undefined: there is none. */
  readonly mss: number | undefined;
  readonly options: Uint8Array;
  readonly data: Uint8Array;
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** The four octets behind the checksum. */
  readonly rest: number;
  readonly data: Uint8Array;
}

export interface ArpPacket {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly sender: string;
  readonly target: string;
}

/** A frame as the wire saw it. What it does not hold is undefined; a later fragment has no tcp, udp, icmp. */
export class Packet {
  /** Virtual nanoseconds at which the sender's card took it. */
  readonly time: number;
  /** Name of the host that sent it. */
  readonly from: string;
  readonly bytes: Uint8Array;
  readonly type: number;
  readonly ip: Ipv4Header | undefined;
  readonly arp: ArpPacket | undefined;
  readonly tcp: TcpSegment | undefined;
  readonly udp: UdpDatagram | undefined;
  readonly icmp: IcmpMessage | undefined;
  /** What is behind the IPv4 header. */
  readonly payload: Uint8Array;

  constructor(time: number, from: string, bytes: Uint8Array) {
    this.time = time;
    this.from = from;
    this.bytes = bytes;
    const view = viewOf(bytes);
    this.type = bytes.length >= ETHERNET_OCTETS ? view.getUint16(12) : 0;
    const network = bytes.subarray(ETHERNET_OCTETS);
    this.ip = this.type === ETH_P_IP ? readIpv4(network) : undefined;
    this.arp = this.type === ETH_P_ARP ? readArp(network) : undefined;
    const { ip } = this;
    this.payload =
      ip === undefined ? new Uint8Array() : network.subarray(ip.headerLength, ip.totalLength);
    const protocol = ip?.fragmentOffset === 0 ? ip.protocol : -1;
    this.tcp = protocol === 6 ? readTcp(this.payload) : undefined;
    this.udp = protocol === 17 ? readUdp(this.payload) : undefined;
    this.icmp = protocol === 1 ? readIcmp(this.payload) : undefined;
  }

  get sourceMac(): string {
    return macText(this.bytes.subarray(6, 12));
  }

  get destinationMac(): string {
    return macText(this.bytes.subarray(0, 6));
  }

  /** True when all of these flags of TCP are set. */
  has(flags: number): boolean {
    return this.tcp !== undefined && (this.tcp.flags & flags) === flags;
  }

  /** What failures print. */
  [inspect.custom](): string {
    return String(this);
  }

  /** In a line, as tcpdump does. */
  toString(): string {
    const { ip, arp, tcp, udp, icmp } = this;
    const at = (this.time / 1e9).toFixed(6);
    if (arp !== undefined) return `${at} ARP ${arp.operation} ${arp.target} from ${arp.sender}`;
    if (ip === undefined) return `${at} type 0x${this.type.toString(16)}`;
    const way = `${at} ${ip.source} > ${ip.destination}`;
    if (tcp !== undefined) {
      const flags = FLAG_LETTERS.filter((_, bit) => (tcp.flags & (1 << bit)) !== 0).join("");
      return `${way} ${tcp.sourcePort}>${tcp.destinationPort} ${flags} ${tcp.seq} ack ${tcp.ack} win ${tcp.window} len ${tcp.data.length}`;
    }
    if (udp !== undefined) return `${way} udp ${udp.destinationPort} len ${udp.data.length}`;
    if (icmp !== undefined) return `${way} icmp ${icmp.type}/${icmp.code}`;
    return `${way} protocol ${ip.protocol} offset ${ip.fragmentOffset}`;
  }
}

function macText(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readIpv4(bytes: Uint8Array): Ipv4Header | undefined {
  if (bytes.length < 20) return undefined;
  const view = viewOf(bytes);
  const fragment = view.getUint16(6);
  return {
    source: formatIpv4(view.getUint32(12)),
    destination: formatIpv4(view.getUint32(16)),
    protocol: view.getUint8(9),
    ttl: view.getUint8(8),
    tos: view.getUint8(1),
    id: view.getUint16(4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    headerLength: (view.getUint8(0) & 0xf) * 4,
    totalLength: view.getUint16(2),
  };
}

function readArp(bytes: Uint8Array): ArpPacket | undefined {
  if (bytes.length < 28) return undefined;
  const view = viewOf(bytes);
  return {
    operation: view.getUint16(6) === 1 ? "request" : "reply",
    senderMac: macText(bytes.subarray(8, 14)),
    sender: formatIpv4(view.getUint32(14)),
    target: formatIpv4(view.getUint32(24)),
  };
}

function readTcp(bytes: Uint8Array): TcpSegment | undefined {
  if (bytes.length < 20) return undefined;
  const view = viewOf(bytes);
  const headerLength = (view.getUint8(12) >> 4) * 4;
  const options = bytes.subarray(20, headerLength);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    flags: view.getUint8(13),
    window: view.getUint16(14),
    urgent: view.getUint16(18),
    mss: mssOption(options),
    options,
    data: bytes.subarray(headerLength),
  };
}

function mssOption(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length; ) {
    const kind = options[at] ?? 0;
    if (kind === 0) return undefined;
    if (kind === 2) return viewOf(options).getUint16(at + 2);
    at += kind === 1 ? 1 : Math.max(2, options[at + 1] ?? 2);
  }
  return undefined;
}

function readUdp(bytes: Uint8Array): UdpDatagram | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    data: bytes.subarray(8),
  };
}

function readIcmp(bytes: Uint8Array): IcmpMessage | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    rest: view.getUint32(4),
    data: bytes.subarray(8),
  };
}

/** The addresses of an IPv6 packet; undefined for anything else. */
export function ipv6Addresses(packet: Packet): { source: string; destination: string } | undefined {
  if (packet.type !== ETH_P_IPV6 || packet.bytes.length < ETHERNET_OCTETS + 40) return undefined;
  return {
    source: formatIpv6(packet.bytes.subarray(22, 38)),
    destination: formatIpv6(packet.bytes.subarray(38, 54)),
  };
}
