import { parseIpv4 } from "@dcejs/dce-glue";
import { onesComplementSum } from "@dcejs/links";
import { ETH_P_ARP, ETH_P_IP, viewOf } from "./packet.ts";

// Frames that no kernel would send by itself, made by hand.

export interface Ipv4Fields {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** Octets, a multiple of 8. */
  readonly fragmentOffset?: number;
}

export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly data?: Uint8Array;
}

/** An Ethernet frame. @param destination, source `00:00:00:00:00:01` */
function ethernet(
  destination: string,
  source: string,
  type: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(14 + payload.length);
  frame.set(macOctets(destination), 0);
  frame.set(macOctets(source), 6);
  viewOf(frame).setUint16(12, type);
  frame.set(payload, 14);
  return frame;
}

/** An IPv4 packet in an Ethernet frame. */
export function ipv4Frame(
  destination: string,
  source: string,
  fields: Ipv4Fields,
  payload: Uint8Array,
): Uint8Array {
  return ethernet(destination, source, ETH_P_IP, ipv4(fields, payload));
}

export function ipv4(fields: Ipv4Fields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(20 + payload.length);
  const view = viewOf(packet);
  view.setUint8(0, 0x45);
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, packet.length);
  view.setUint16(4, fields.id ?? 0);
  const flags =
    (fields.dontFragment === true ? 0x4000 : 0) | (fields.moreFragments === true ? 0x2000 : 0);
  view.setUint16(6, flags | ((fields.fragmentOffset ?? 0) >> 3));
  view.setUint8(8, fields.ttl ?? 64);
  view.setUint8(9, fields.protocol);
  view.setUint32(12, addressOf(fields.source));
  view.setUint32(16, addressOf(fields.destination));
  view.setUint16(10, checksum(packet.subarray(0, 20)));
  packet.set(payload, 20);
  return packet;
}

/** @param rest the four octets behind the checksum */
export function icmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + data.length);
  const view = viewOf(message);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  message.set(data, 8);
  view.setUint16(2, checksum(message));
  return message;
}

export function echoRequest(identifier: number, sequence: number, octets = 56): Uint8Array {
  const data = Uint8Array.from({ length: octets }, (_, index) => index & 0xff);
  return icmp(8, 0, identifier * 0x10000 + sequence, data);
}

/** A UDP datagram without checksum (RFC 768 allows it). */
export function udp(sourcePort: number, destinationPort: number, data: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + data.length);
  const view = viewOf(datagram);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, datagram.length);
  datagram.set(data, 8);
  return datagram;
}

export function tcp(source: string, destination: string, fields: TcpFields): Uint8Array {
  const data = fields.data ?? new Uint8Array();
  const pseudo = new Uint8Array(12 + 20 + data.length);
  const segment = pseudo.subarray(12);
  const header = viewOf(pseudo);
  header.setUint32(0, addressOf(source));
  header.setUint32(4, addressOf(destination));
  header.setUint8(9, 6);
  header.setUint16(10, segment.length);
  const view = viewOf(segment);
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setUint32(4, fields.seq);
  view.setUint32(8, fields.ack ?? 0);
  view.setUint8(12, 0x50);
  view.setUint8(13, fields.flags);
  view.setUint16(14, fields.window ?? 65_535);
  segment.set(data, 20);
  view.setUint16(16, checksum(pseudo));
  return segment.slice();
}

/** @param operation 1 request, 2 reply */
export function arp(
  operation: number,
  sender: { readonly mac: string; readonly address: string },
  target: { readonly mac: string; readonly address: string },
): Uint8Array {
  const packet = new Uint8Array(28);
  const view = viewOf(packet);
  view.setUint16(0, 1);
  view.setUint16(2, ETH_P_IP);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, operation);
  packet.set(macOctets(sender.mac), 8);
  view.setUint32(14, addressOf(sender.address));
  packet.set(macOctets(target.mac), 18);
  view.setUint32(24, addressOf(target.address));
  const destination = operation === 1 ? "ff:ff:ff:ff:ff:ff" : target.mac;
  return ethernet(destination, sender.mac, ETH_P_ARP, packet);
}

export function addressOf(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new TypeError(`${text} is no IPv4 address`);
  return address;
}

export function macOctets(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (octet) => Number.parseInt(octet, 16));
}

function checksum(bytes: Uint8Array): number {
  return ~onesComplementSum(bytes, 0, bytes.length) & 0xffff;
}
