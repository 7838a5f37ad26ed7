/** Files of /proc/net, in Linux's format to the blank. */
import { NUD_PERMANENT, NUD_VALID } from "../arp/neighbour.ts";
import type { FibAlias } from "../ip/fib-table.ts";
import {
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNREACHABLE,
} from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { Sock } from "../socket/sock.ts";
import { TCP_CLOSE, TCP_LISTEN } from "../tcp/states.ts";
import { formatMac } from "../wire/ethernet.ts";
import { formatIpv4, inet_make_mask } from "../wire/ipv4.ts";
import { proc_netstat, proc_snmp } from "./proc-snmp.ts";

export type ProcNetFile =
  | "dev"
  | "route"
  | "arp"
  | "tcp"
  | "udp"
  | "raw"
  | "icmp"
  | "snmp"
  | "netstat"
  | "sockstat";

export function proc_net(net: NetStack, file: ProcNetFile): string {
  switch (file) {
    case "dev":
      return proc_dev(net);
    case "route":
      return proc_route(net);
    case "arp":
      return proc_arp(net);
    case "tcp":
      return proc_tcp(net);
    case "udp":
      return UDP_TITLE + socketLines([...net.ipv4.udp.entries()]);
    case "raw":
      return UDP_TITLE + socketLines([...net.ipv4.raw]);
    case "icmp":
      return UDP_TITLE + socketLines([...net.ipv4.ping.socks.values()]);
    case "snmp":
      return proc_snmp(net);
    case "netstat":
      return proc_netstat(net);
    case "sockstat":
      return proc_sockstat(net);
    default:
      return file satisfies never;
  }
}

function proc_dev(net: NetStack): string {
  let text =
    "Inter-|   Receive                                                |  Transmit\n" +
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  for (const dev of net.devices) {
    const s = dev.stats;
    const rx = [
      pad(s.rx_bytes, 7),
      pad(s.rx_packets, 7),
      pad(s.rx_errors, 4),
      pad(s.rx_dropped, 4),
      pad(s.rx_fifo_errors, 4),
      pad(s.rx_frame_errors, 5),
      pad(s.rx_compressed, 10),
      pad(s.multicast, 9),
    ];
    const tx = [
      pad(s.tx_bytes, 8),
      pad(s.tx_packets, 7),
      pad(s.tx_errors, 4),
      pad(s.tx_dropped, 4),
      pad(s.tx_fifo_errors, 4),
      pad(s.collisions, 5),
      pad(s.tx_carrier_errors, 7),
      pad(s.tx_compressed, 10),
    ];
    text += `${dev.name.padStart(6)}: ${[...rx, ...tx].join(" ")}\n`;
  }
  return text;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width);
}

/** An address as Linux prints the raw memory of a little-endian machine. */
function hexAddr(addr: number): string {
  const swapped =
    ((addr & 0xff) << 24) | ((addr & 0xff00) << 8) | ((addr >>> 8) & 0xff00) | (addr >>> 24);
  return (swapped >>> 0).toString(16).toUpperCase().padStart(8, "0");
}

const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_HOST = 0x4;
const RTF_REJECT = 0x200;
const PROC_ROUTE_WIDTH = 127;

/** fib_route_seq_show: the main table, every line padded to 127 columns. */
function proc_route(net: NetStack): string {
  const title =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  const hidden = new Set([RTN_BROADCAST, RTN_MULTICAST, RTN_LOCAL]);
  const lines = net.ipv4.fib.main
    .entries()
    .filter((alias) => !hidden.has(alias.info.fib_type))
    .map(routeLine);
  return [title, ...lines].map((line) => `${line.padEnd(PROC_ROUTE_WIDTH)}\n`).join("");
}

function routeLine({ info, prefix, prefixlen }: FibAlias): string {
  const mask = inet_make_mask(prefixlen);
  const { fib_type: type, nh } = info;
  const isReject = type === RTN_UNREACHABLE || type === RTN_PROHIBIT;
  let flags = type === RTN_BLACKHOLE ? RTF_UP : isReject ? RTF_REJECT | RTF_UP : RTF_UP;
  if (nh.gw !== 0) flags |= RTF_GATEWAY;
  if (mask === 0xffffffff) flags |= RTF_HOST;
  const { metrics } = { metrics: info.fib_metrics };
  const mss = metrics.advmss === 0 ? 0 : metrics.advmss + 40;
  const flagText = flags.toString(16).toUpperCase().padStart(4, "0");
  return [
    nh.dev?.name ?? "*",
    hexAddr(prefix),
    hexAddr(nh.gw),
    flagText,
    "0",
    "0",
    String(info.fib_priority),
    hexAddr(mask),
    String(mss),
    String(metrics.window),
    "0",
  ].join("\t");
}

const ATF_COM = 0x02;
const ATF_PERM = 0x04;

function proc_arp(net: NetStack): string {
  let text = "IP address       HW type     Flags       HW address            Mask     Device\n";
  for (const neigh of net.ipv4.arp_tbl.entries()) {
    if (neigh.dev.isLoopback || (neigh.nud_state & ~0x40) === 0) continue;
    const isPermanent = (neigh.nud_state & NUD_PERMANENT) !== 0;
    const isKnown = (neigh.nud_state & NUD_VALID) !== 0;
    const flags = isPermanent ? ATF_PERM | ATF_COM : isKnown ? ATF_COM : 0;
    const address = formatIpv4(neigh.primary_key).padEnd(16);
    const type = `0x${neigh.dev.type.toString(16)}`.padEnd(10);
    const mac = formatMac(neigh.haHi, neigh.haLo).padEnd(17);
    text += `${address} ${type}  0x${flags.toString(16).padEnd(10)}${mac}     *        ${neigh.dev.name}\n`;
  }
  return text;
}

const UDP_TITLE = `${"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops".padEnd(127)}\n`;

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, "0");
}

/** udp4_format_sock and its sisters. */
function socketLines(socks: readonly Sock[]): string {
  return socks
    .map((sk) => {
      const local = `${hexAddr(sk.inet_rcv_saddr)}:${hex(sk.inet_sport, 4)}`;
      const remote = `${hexAddr(sk.inet_daddr)}:${hex(sk.inet_dport, 4)}`;
      const queues = `${hex(sk.sk_wmem_alloc, 8)}:${hex(sk.sk_rmem_alloc, 8)}`;
      const uid = String(sk.sk_uid).padStart(5);
      const line = `${String(sk.inet_num).padStart(5)}: ${local} ${remote} ${hex(sk.sk_state, 2)} ${queues} 00:00000000 00000000 ${uid}        0 ${sk.sk_ino} 2 0000000000000000 ${sk.sk_drops}`;
      return `${line.padEnd(127)}\n`;
    })
    .join("");
}

function listeners(net: NetStack): Sock[] {
  return [...net.tcp.hashinfo.listening.values()].flat();
}

const TCP_TITLE = `${"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode".padEnd(149)}\n`;

/** Connections that own a port: all but those in TIME_WAIT. */
function connections(net: NetStack): Sock[] {
  return [...net.tcp.hashinfo.bind.values()]
    .flatMap((bucket) => [...bucket.owners])
    .filter((owner) => owner instanceof Sock)
    .filter((sk) => sk.sk_state !== TCP_LISTEN && sk.sk_state !== TCP_CLOSE);
}

/** get_tcp4_sock: listeners first, as Linux walks its tables. The timer columns are left at zero. */
function proc_tcp(net: NetStack): string {
  const lines = [...listeners(net), ...connections(net)].map((sk, index) => {
    const isListening = sk.sk_state === TCP_LISTEN;
    const local = `${hexAddr(sk.inet_rcv_saddr)}:${hex(sk.inet_sport, 4)}`;
    const remote = `${hexAddr(sk.inet_daddr)}:${hex(sk.inet_dport, 4)}`;
    const rx = isListening ? sk.sk_ack_backlog : sk.sk_rmem_alloc;
    const queues = `${hex(isListening ? 0 : sk.sk_wmem_queued, 8)}:${hex(rx, 8)}`;
    const line = `${String(index).padStart(4)}: ${local} ${remote} ${hex(sk.sk_state, 2)} ${queues} 00:00000000 00000000 ${String(sk.sk_uid).padStart(5)}        0 ${sk.sk_ino} 1 0000000000000000 100 0 0 10 0`;
    return `${line.padEnd(149)}\n`;
  });
  return TCP_TITLE + lines.join("");
}

function proc_sockstat(net: NetStack): string {
  const { udp, raw, fragments, ping } = net.ipv4;
  const { tcp } = net;
  const tcpSocks = tcp.hashinfo.size + listeners(net).length;
  const used = tcpSocks + udp.inuse + raw.size + ping.socks.size;
  return (
    `sockets: used ${used}\n` +
    `TCP: inuse ${tcpSocks} orphan ${tcp.orphanCount} tw ${tcp.twCount} alloc ${tcpSocks} mem 0\n` +
    `UDP: inuse ${udp.inuse} mem 0\n` +
    "UDPLITE: inuse 0\n" +
    `RAW: inuse ${raw.size}\n` +
    `FRAG: inuse ${fragments.queues.size} memory ${fragments.memory}\n`
  );
}
