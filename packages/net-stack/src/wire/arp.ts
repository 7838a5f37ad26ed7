/** ARP for IPv4 over Ethernet (RFC 826). Offsets in octets from the start of the packet. */
const HARDWARE = 0;
const PROTOCOL = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_HA = 8;
const SENDER_IP = 14;
const TARGET_HA = 18;
const TARGET_IP = 24;
export const ARP_LENGTH = 28;

export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;
export const ARPOP_REQUEST = 1;
export const ARPOP_REPLY = 2;
const ETH_P_IP = 0x0800;

export interface ArpPacket {
  operation: number;
  senderHi: number;
  senderLo: number;
  sip: number;
  targetHi: number;
  targetLo: number;
  tip: number;
}

/** Fills `into`; false for a packet that is short, or not IPv4 over Ethernet. */
export function readArp(view: DataView, offset: number, end: number, into: ArpPacket): boolean {
  if (end - offset < ARP_LENGTH) return false;
  if (view.getUint16(offset + HARDWARE) !== ARPHRD_ETHER) return false;
  if (view.getUint16(offset + PROTOCOL) !== ETH_P_IP) return false;
  if (view.getUint8(offset + HARDWARE_LENGTH) !== 6) return false;
  if (view.getUint8(offset + PROTOCOL_LENGTH) !== 4) return false;
  into.operation = view.getUint16(offset + OPERATION);
  into.senderHi = view.getUint16(offset + SENDER_HA);
  into.senderLo = view.getUint32(offset + SENDER_HA + 2);
  into.sip = view.getUint32(offset + SENDER_IP);
  into.targetHi = view.getUint16(offset + TARGET_HA);
  into.targetLo = view.getUint32(offset + TARGET_HA + 2);
  into.tip = view.getUint32(offset + TARGET_IP);
  return true;
}

export function writeArp(view: DataView, offset: number, arp: Readonly<ArpPacket>): void {
  view.setUint16(offset + HARDWARE, ARPHRD_ETHER);
  view.setUint16(offset + PROTOCOL, ETH_P_IP);
  view.setUint8(offset + HARDWARE_LENGTH, 6);
  view.setUint8(offset + PROTOCOL_LENGTH, 4);
  view.setUint16(offset + OPERATION, arp.operation);
  view.setUint16(offset + SENDER_HA, arp.senderHi);
  view.setUint32(offset + SENDER_HA + 2, arp.senderLo);
  view.setUint32(offset + SENDER_IP, arp.sip);
  view.setUint16(offset + TARGET_HA, arp.targetHi);
  view.setUint32(offset + TARGET_HA + 2, arp.targetLo);
  view.setUint32(offset + TARGET_IP, arp.tip);
}
