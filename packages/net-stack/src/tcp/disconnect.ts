/** What tcp_disconnect() sets back so that the sock may connect again. */
import { TCP_CA_Open } from "./congestion.ts";
import { TCP_INFINITE_SSTHRESH, TCP_INIT_CWND, TCP_TIMEOUT_INIT_MS } from "./limits.ts";
import { seqAdd } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCP_DEFAULT_SCALING_RATIO } from "./window.ts";

export function forgetConnection(tp: TcpSock): void {
  tp.rtt.srtt_us = 0;
  tp.rtt.mdev_us = TCP_TIMEOUT_INIT_MS * 1000;
  tp.rtt.min_rtt.reset(tp.jiffies, 0xffffffff);
  tp.icsk_rto = tp.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
  tp.rcv_rtt_last_tsecr = 0;
  // A later connection to the same peer starts above this one.
  tp.write_seq = seqAdd(tp.write_seq, tp.snd.max_window + 2);
  tp.icsk_backoff = 0;
  tp.icsk_probes_out = 0;
  tp.icsk_probes_tstamp = 0;
  tp.icsk_retransmits = 0;
  tp.total_rto = 0;
  tp.snd.ssthresh = TCP_INFINITE_SSTHRESH;
  tp.snd.cwnd = TCP_INIT_CWND;
  tp.snd.cwnd_cnt = 0;
  tp.is_cwnd_limited = false;
  tp.max_packets_out = 0;
  tp.window_clamp = 0;
  tp.scaling_ratio = TCP_DEFAULT_SCALING_RATIO;
  tp.delivered = 0;
  tp.lost = 0;
  tp.icsk_ca_state = TCP_CA_Open;
  tp.is_sack_reneg = false;
  tp.has_undo_marker = false;
  tp.retrans_stamp = 0;
  tp.total_retrans = 0;
  tp.icsk_ack.rcv_mss = 88;
  tp.icsk_ack.quick = 0;
  tp.icsk_ack.ato = 0;
  tp.rx_opt.clear();
  tp.rx_opt.mss_clamp = 0;
  tp.rx_opt.dsack = false;
  tp.rx_opt.num_sacks = 0;
  tp.rx_opt.ts_recent = 0;
  tp.rx_opt.ts_recent_stamp = 0;
  tp.urg_data = 0;
  tp.rcv_ooopack = 0;
  tp.reord_seen = 0;
  tp.rack.xmit_ns = 0;
  tp.rack.reo_wnd_steps = 1;
  tp.rack.reo_wnd_persist = 0;
  tp.rack.dsack_seen = false;
  tp.dsack_dups = 0;
  tp.bytes_acked = 0;
  tp.bytes_received = 0;
  tp.bytes_sent = 0;
  tp.bytes_retrans = 0;
}
