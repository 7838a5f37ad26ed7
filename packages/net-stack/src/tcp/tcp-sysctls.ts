import type { SysctlInt, SysctlIntVector, SysctlString, SysctlTree } from "@dcejs/sysctl";
import type { NegotiableOptions } from "./options.ts";

/** net.ipv4.tcp_* as stable handles: reading one on the packet path is one property read. */
export class TcpSysctls implements NegotiableOptions {
  readonly tcp_timestamps: SysctlInt;
  readonly tcp_window_scaling: SysctlInt;
  readonly tcp_sack: SysctlInt;
  readonly tcp_dsack: SysctlInt;
  readonly tcp_rmem: SysctlIntVector;
  readonly tcp_wmem: SysctlIntVector;
  readonly tcp_moderate_rcvbuf: SysctlInt;
  readonly tcp_syn_retries: SysctlInt;
  readonly tcp_syn_linear_timeouts: SysctlInt;
  readonly tcp_synack_retries: SysctlInt;
  readonly tcp_retries1: SysctlInt;
  readonly tcp_retries2: SysctlInt;
  readonly tcp_orphan_retries: SysctlInt;
  readonly tcp_fin_timeout: SysctlInt;
  readonly tcp_keepalive_time: SysctlInt;
  readonly tcp_keepalive_intvl: SysctlInt;
  readonly tcp_keepalive_probes: SysctlInt;
  readonly tcp_tw_reuse: SysctlInt;
  readonly tcp_rfc1337: SysctlInt;
  readonly tcp_max_tw_buckets: SysctlInt;
  readonly tcp_max_orphans: SysctlInt;
  readonly tcp_max_syn_backlog: SysctlInt;
  readonly tcp_syncookies: SysctlInt;
  readonly tcp_abort_on_overflow: SysctlInt;
  readonly tcp_reordering: SysctlInt;
  readonly tcp_max_reordering: SysctlInt;
  readonly tcp_recovery: SysctlInt;
  readonly tcp_early_retrans: SysctlInt;
  readonly tcp_frto: SysctlInt;
  readonly tcp_slow_start_after_idle: SysctlInt;
  readonly tcp_limit_output_bytes: SysctlInt;
  readonly tcp_notsent_lowat: SysctlInt;
  readonly tcp_challenge_ack_limit: SysctlInt;
  readonly tcp_invalid_ratelimit: SysctlInt;
  readonly tcp_min_rtt_wlen: SysctlInt;
  readonly tcp_rto_min_us: SysctlInt;
  readonly tcp_comp_sack_delay_ns: SysctlInt;
  readonly tcp_comp_sack_slack_ns: SysctlInt;
  readonly tcp_comp_sack_nr: SysctlInt;
  readonly tcp_min_snd_mss: SysctlInt;
  readonly tcp_stdurg: SysctlInt;
  readonly tcp_autocorking: SysctlInt;
  readonly tcp_workaround_signed_windows: SysctlInt;
  readonly tcp_app_win: SysctlInt;
  readonly tcp_pacing_ss_ratio: SysctlInt;
  readonly tcp_pacing_ca_ratio: SysctlInt;
  readonly tcp_congestion_control: SysctlString;
  readonly ip_local_port_range: SysctlIntVector;
  readonly ip_nonlocal_bind: SysctlInt;
  readonly ip_unprivileged_port_start: SysctlInt;
  readonly rmem_max: SysctlInt;
  readonly somaxconn: SysctlInt;

  constructor(tree: SysctlTree) {
    const tcp = (name: string): SysctlInt => tree.int(`net.ipv4.${name}`);
    this.tcp_timestamps = tcp("tcp_timestamps");
    this.tcp_window_scaling = tcp("tcp_window_scaling");
    this.tcp_sack = tcp("tcp_sack");
    this.tcp_dsack = tcp("tcp_dsack");
    this.tcp_rmem = tree.intvec("net.ipv4.tcp_rmem");
    this.tcp_wmem = tree.intvec("net.ipv4.tcp_wmem");
    this.tcp_moderate_rcvbuf = tcp("tcp_moderate_rcvbuf");
    this.tcp_syn_retries = tcp("tcp_syn_retries");
    this.tcp_syn_linear_timeouts = tcp("tcp_syn_linear_timeouts");
    this.tcp_synack_retries = tcp("tcp_synack_retries");
    this.tcp_retries1 = tcp("tcp_retries1");
    this.tcp_retries2 = tcp("tcp_retries2");
    this.tcp_orphan_retries = tcp("tcp_orphan_retries");
    this.tcp_fin_timeout = tcp("tcp_fin_timeout");
    this.tcp_keepalive_time = tcp("tcp_keepalive_time");
    this.tcp_keepalive_intvl = tcp("tcp_keepalive_intvl");
    this.tcp_keepalive_probes = tcp("tcp_keepalive_probes");
    this.tcp_tw_reuse = tcp("tcp_tw_reuse");
    this.tcp_rfc1337 = tcp("tcp_rfc1337");
    this.tcp_max_tw_buckets = tcp("tcp_max_tw_buckets");
    this.tcp_max_orphans = tcp("tcp_max_orphans");
    this.tcp_max_syn_backlog = tcp("tcp_max_syn_backlog");
    this.tcp_syncookies = tcp("tcp_syncookies");
    this.tcp_abort_on_overflow = tcp("tcp_abort_on_overflow");
    this.tcp_reordering = tcp("tcp_reordering");
    this.tcp_max_reordering = tcp("tcp_max_reordering");
    this.tcp_recovery = tcp("tcp_recovery");
    this.tcp_early_retrans = tcp("tcp_early_retrans");
    this.tcp_frto = tcp("tcp_frto");
    this.tcp_slow_start_after_idle = tcp("tcp_slow_start_after_idle");
    this.tcp_limit_output_bytes = tcp("tcp_limit_output_bytes");
    this.tcp_notsent_lowat = tcp("tcp_notsent_lowat");
    this.tcp_challenge_ack_limit = tcp("tcp_challenge_ack_limit");
    this.tcp_invalid_ratelimit = tcp("tcp_invalid_ratelimit");
    this.tcp_min_rtt_wlen = tcp("tcp_min_rtt_wlen");
    this.tcp_rto_min_us = tcp("tcp_rto_min_us");
    this.tcp_comp_sack_delay_ns = tcp("tcp_comp_sack_delay_ns");
    this.tcp_comp_sack_slack_ns = tcp("tcp_comp_sack_slack_ns");
    this.tcp_comp_sack_nr = tcp("tcp_comp_sack_nr");
    this.tcp_min_snd_mss = tcp("tcp_min_snd_mss");
    this.tcp_stdurg = tcp("tcp_stdurg");
    this.tcp_autocorking = tcp("tcp_autocorking");
    this.tcp_workaround_signed_windows = tcp("tcp_workaround_signed_windows");
    this.tcp_app_win = tcp("tcp_app_win");
    this.tcp_pacing_ss_ratio = tcp("tcp_pacing_ss_ratio");
    this.tcp_pacing_ca_ratio = tcp("tcp_pacing_ca_ratio");
    this.tcp_congestion_control = tree.string("net.ipv4.tcp_congestion_control");
    this.ip_local_port_range = tree.intvec("net.ipv4.ip_local_port_range");
    this.ip_nonlocal_bind = tcp("ip_nonlocal_bind");
    this.ip_unprivileged_port_start = tcp("ip_unprivileged_port_start");
    this.rmem_max = tree.int("net.core.rmem_max");
    this.somaxconn = tree.int("net.core.somaxconn");
  }

  get timestamps(): boolean {
    return this.tcp_timestamps.value !== 0;
  }

  get windowScaling(): boolean {
    return this.tcp_window_scaling.value !== 0;
  }

  get sack(): boolean {
    return this.tcp_sack.value !== 0;
  }
}

/** Element of tcp_rmem, tcp_wmem or ip_local_port_range; 0 outside the vector. */
export function vectorAt(vector: SysctlIntVector, index: number): number {
  return vector.values[index] ?? 0;
}
