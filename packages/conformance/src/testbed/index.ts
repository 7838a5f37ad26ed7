export { completed } from "./completed.ts";
export {
  addressOf,
  arp,
  echoRequest,
  icmp,
  ipv4,
  ipv4Frame,
  tcp,
  type TcpFields,
  udp,
} from "./craft.ts";
export { Host, ipNow } from "./host.ts";
export {
  ACK,
  ETH_P_ARP,
  FIN,
  ipv6Addresses,
  type Packet,
  PSH,
  RST,
  SYN,
  URG,
  viewOf,
} from "./packet.ts";
export { Testbed } from "./testbed.ts";
export { type PairOptions, pair, type Pair, routed, type Routed } from "./topology.ts";
export { Wire } from "./wire.ts";
