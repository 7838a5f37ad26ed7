/**
 * Every fixed bound of TCP, with its unit and the Linux name it mirrors (include/net/tcp.h).
 * Bounds that an administrator may change are sysctls and live in tcp-sysctls.ts.
 */

/** Largest window that needs no scaling, octets. */
export const MAX_TCP_WINDOW = 32767;
/** Initial congestion window, segments (RFC 6928). */
export const TCP_INIT_CWND = 10;
/** Duplicate ACKs that start fast retransmit when RACK does not decide. */
export const TCP_FASTRETRANS_THRESH = 3;
/** Smallest MSS a peer can talk us into, octets (tcp_min_snd_mss). */
export const TCP_MIN_MSS = 88;
/** ACKs that quickack mode sends at most before delaying again. */
export const TCP_MAX_QUICKACKS = 16;
/** Interactive turns after which ACKs are delayed (TCP_PINGPONG_THRESH, 1 since 6.5). */
export const TCP_PINGPONG_THRESH = 1;
/** No threshold known: slow start until the first loss. */
export const TCP_INFINITE_SSTHRESH = 0x7fffffff;

/** Milliseconds. */
export const TCP_DELACK_MIN_MS = 40;
export const TCP_DELACK_MAX_MS = 200;
export const TCP_ATO_MIN_MS = 40;
export const TCP_RTO_MIN_MS = 200;
export const TCP_RTO_MAX_MS = 120_000;
export const TCP_TIMEOUT_INIT_MS = 1000;
/** RTO when the first one was used up by a lost SYN (RFC 6298, 5.7). */
export const TCP_TIMEOUT_FALLBACK_MS = 3000;
/** First probe or rearm after local congestion (device queue full). */
export const TCP_RESOURCE_PROBE_INTERVAL_MS = 500;
/** Smallest TLP and loss-probe timer. */
export const TCP_TIMEOUT_MIN_MS = 2;
export const TCP_TIMEWAIT_LEN_MS = 60_000;

/** Seconds. */
export const TCP_PAWS_24DAYS_S: number = 60 * 60 * 24 * 24;
/** A TS.Recent may be this many ticks ahead before PAWS applies (TCP_PAWS_WINDOW). */
export const TCP_PAWS_WINDOW = 1;

export const MAX_TCP_KEEPIDLE_S = 32767;
export const MAX_TCP_KEEPINTVL_S = 32767;
export const MAX_TCP_KEEPCNT = 127;
export const MAX_TCP_SYNCNT = 127;

/** RACK: reordering window grows by quarters of min RTT up to this many; kept for 16 recoveries. */
export const TCP_RACK_RECOVERY_THRESH = 16;
export const TCP_RACK_REO_WND_STEPS_MAX = 0xff;
/** Smallest orphan memory and retry rules (tcp_out_of_resources, tcp_orphan_retries). */
export const TCP_ORPHAN_RETRIES_DEFAULT = 8;

/** Slots of the connection table at first; doubled when the load passes 1. */
export const EHASH_INITIAL_SLOTS = 64;
