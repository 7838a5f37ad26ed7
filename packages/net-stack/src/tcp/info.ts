/** struct tcp_info (include/uapi/linux/tcp.h), little-endian, as TCP_INFO returns it. */
import { seqDiff } from "./seq.ts";
import { TCP_LISTEN } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";

/** Octets of the whole struct in 6.12. */
const TCP_INFO_OCTETS = 248;
const TCPI_OPT_TIMESTAMPS = 1;
const TCPI_OPT_SACK = 2;
const TCPI_OPT_WSCALE = 4;

/** Offsets of the 32-bit fields, in octets. */
const FIELDS_32: readonly [number, (tp: TcpSock) => number][] = [
  [8, (tp) => tp.tcp.jiffies_to_usecs(tp.icsk_rto)], // tcpi_rto
  [12, (tp) => tp.tcp.jiffies_to_usecs(Math.min(tp.icsk_ack.ato, tp.icsk_delack_max))], // tcpi_ato
  [16, (tp) => tp.mss_cache], // tcpi_snd_mss
  [20, (tp) => tp.icsk_ack.rcv_mss], // tcpi_rcv_mss
  [24, (tp) => tp.packets_out], // tcpi_unacked
  [28, (tp) => tp.sacked_out], // tcpi_sacked
  [32, (tp) => tp.lost_out], // tcpi_lost
  [36, (tp) => tp.retrans_out], // tcpi_retrans
  [44, (tp) => sinceMs(tp, tp.lsndtime)], // tcpi_last_data_sent
  [52, (tp) => sinceMs(tp, tp.icsk_ack.lrcvtime)], // tcpi_last_data_recv
  [56, (tp) => sinceMs(tp, tp.rcv_tstamp)], // tcpi_last_ack_recv
  [60, (tp) => tp.icsk_pmtu_cookie], // tcpi_pmtu
  [64, (tp) => tp.rcv.ssthresh], // tcpi_rcv_ssthresh
  [68, (tp) => tp.rtt.srtt_us >> 3], // tcpi_rtt
  [72, (tp) => tp.rtt.mdev_us >> 2], // tcpi_rttvar
  [76, (tp) => tp.snd.ssthresh], // tcpi_snd_ssthresh
  [80, (tp) => tp.snd.cwnd], // tcpi_snd_cwnd
  [84, (tp) => tp.advmss], // tcpi_advmss
  [88, (tp) => tp.reordering], // tcpi_reordering
  [92, (tp) => Math.floor(tp.rcv_rtt_est.rtt_us / 8)], // tcpi_rcv_rtt
  [96, (tp) => tp.rcvq_space.space], // tcpi_rcv_space
  [100, (tp) => tp.total_retrans], // tcpi_total_retrans
  [136, (tp) => tp.segs_out], // tcpi_segs_out
  [140, (tp) => tp.segs_in], // tcpi_segs_in
  [144, (tp) => Math.max(seqDiff(tp.write_seq, tp.snd.nxt), 0)], // tcpi_notsent_bytes
  [148, (tp) => tp.rtt.min_rtt.get()], // tcpi_min_rtt
  [152, (tp) => tp.data_segs_in], // tcpi_data_segs_in
  [156, (tp) => tp.data_segs_out], // tcpi_data_segs_out
  [192, (tp) => tp.delivered], // tcpi_delivered
  [216, (tp) => tp.dsack_dups], // tcpi_dsack_dups
  [220, (tp) => tp.reord_seen], // tcpi_reord_seen
  [224, (tp) => tp.rcv_ooopack], // tcpi_rcv_ooopack
  [228, (tp) => tp.snd.wnd], // tcpi_snd_wnd
  [232, (tp) => tp.rcv.wnd], // tcpi_rcv_wnd
  [236, (tp) => tp.timeout_rehash], // tcpi_rehash
  [240, (tp) => tp.total_rto], // tcpi_total_rto (u16) and tcpi_total_rto_recoveries
];

/** All that a listener shows, besides its state and pacing rates. */
const LISTEN_FIELDS_32: readonly [number, (tp: TcpSock) => number][] = [
  [24, (tp) => tp.sk_ack_backlog], // tcpi_unacked: connections that wait for accept()
  [28, (tp) => tp.sk_max_ack_backlog], // tcpi_sacked: how many may
  [80, (tp) => tp.snd.cwnd], // tcpi_snd_cwnd
  [88, (tp) => tp.reordering], // tcpi_reordering
];

/** Offsets of the 64-bit fields. */
const FIELDS_64: readonly [number, (tp: TcpSock) => number][] = [
  [104, (tp) => tp.sk_pacing_rate], // tcpi_pacing_rate
  [112, () => 2 ** 64], // tcpi_max_pacing_rate: unlimited
  [120, (tp) => tp.bytes_acked], // tcpi_bytes_acked
  [128, (tp) => tp.bytes_received], // tcpi_bytes_received
  [160, deliveryRate], // tcpi_delivery_rate
  [200, (tp) => tp.bytes_sent], // tcpi_bytes_sent
  [208, (tp) => tp.bytes_retrans], // tcpi_bytes_retrans
];

const LISTEN_FIELDS_64: typeof FIELDS_64 = FIELDS_64.slice(0, 2);

function sinceMs(tp: TcpSock, jiffies: number): number {
  return tp.kernel.jiffies_to_msecs(Math.max(tp.jiffies - jiffies, 0));
}

/** Octets per second of the best recent sample. */
function deliveryRate(tp: TcpSock): number {
  if (tp.rate_interval_us === 0) return 0;
  return Math.floor((tp.rate_delivered * tp.mss_cache * 1_000_000) / tp.rate_interval_us);
}

const whole: Uint8Array = new Uint8Array(TCP_INFO_OCTETS);
const wholeView: DataView = new DataView(whole.buffer);

/** Writes as much of struct tcp_info as fits; the length written. */
export function tcp_get_info(tp: TcpSock, out: Uint8Array): number {
  whole.fill(0);
  whole[0] = tp.sk_state;
  if (tp.sk_state === TCP_LISTEN) writeFields(tp, LISTEN_FIELDS_32, LISTEN_FIELDS_64);
  else writeConnection(tp);
  const length = Math.min(out.length, TCP_INFO_OCTETS);
  for (let i = 0; i < length; i++) out[i] = whole[i] ?? 0;
  return length;
}

function writeConnection(tp: TcpSock): void {
  let options = 0;
  if (tp.rx_opt.tstamp_ok) options |= TCPI_OPT_TIMESTAMPS;
  if (tp.rx_opt.sack_ok) options |= TCPI_OPT_SACK;
  if (tp.rx_opt.wscale_ok) options |= TCPI_OPT_WSCALE;
  whole[1] = tp.icsk_ca_state;
  whole[2] = tp.icsk_retransmits;
  whole[3] = tp.icsk_probes_out;
  whole[4] = tp.icsk_backoff;
  whole[5] = options;
  whole[6] = tp.rx_opt.wscale_ok ? tp.rx_opt.snd_wscale | (tp.rx_opt.rcv_wscale << 4) : 0;
  whole[7] = tp.rate_app_limited ? 1 : 0;
  writeFields(tp, FIELDS_32, FIELDS_64);
}

function writeFields(tp: TcpSock, fields32: typeof FIELDS_32, fields64: typeof FIELDS_64): void {
  for (const [offset, read] of fields32) wholeView.setUint32(offset, read(tp), true);
  for (const [offset, read] of fields64) {
    const value = read(tp);
    const high = Math.min(Math.floor(value / 2 ** 32), 0xffffffff);
    wholeView.setUint32(offset, value >= 2 ** 64 ? 0xffffffff : value % 2 ** 32, true);
    wholeView.setUint32(offset + 4, high, true);
  }
}
