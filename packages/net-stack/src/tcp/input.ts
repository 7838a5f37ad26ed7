/**
 * A segment arrives (RFC 9293, section 3.10.7; net/ipv4/tcp_input.c): one function per group of
 * states, the checks in the RFC's order. Every function takes the packet over.
 */
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { RCV_SHUTDOWN, SEND_SHUTDOWN } from "../socket/sock.ts";
import { ACK_OLD, tcp_ack } from "./ack.ts";
import { FLAG_NO_CHALLENGE_ACK, FLAG_UPDATE_TS_RECENT } from "./ack-flags.ts";
import { tcp_ack_snd_check } from "./ack-send.ts";
import { answerOutOfWindow, answerPawsReject, tcp_send_challenge_ack } from "./challenge-ack.ts";
import { tcp_first_rtt } from "./clean-rtx-queue.ts";
import { tcp_shutdown } from "./close.ts";
import { tcp_update_pacing_rate } from "./cwnd.ts";
import { tcp_data_queue } from "./data-queue.ts";
import { tcp_init_transfer } from "./init.ts";
import { inet_csk_reset_keepalive_timer, tcp_fin_time } from "./keepalive.ts";
import { TCP_TIMEWAIT_LEN_MS } from "./limits.ts";
import { tcp_initialize_rcv_mss } from "./mss.ts";
import { OLEN_TSTAMP_ALIGNED, tcp_parse_options } from "./options.ts";
import { tcp_rcv_rtt_measure_ts } from "./rcvbuf.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { after, before, seqAdd, seqDiff, seqNum } from "./seq.ts";
import { tcp_check_space } from "./sndbuf.ts";
import { tcp_reset } from "./reset-in.ts";
import { tcp_done, tcp_set_state } from "./state-change.ts";
import {
  TCPF_CLOSE_WAIT,
  TCPF_CLOSING,
  TCPF_LAST_ACK,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
} from "./states.ts";
import { tcp_rcv_synsent_state_process } from "./syn-sent.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_conn_request } from "./conn-request.ts";
import { tcp_time_wait } from "./time-wait.ts";
import { tcp_mstamp_refresh, tcp_paws_discard } from "./timestamps.ts";
import { tcp_urg } from "./urgent.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_ACK, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN, TCP_HEADER_LENGTH } from "./wire.ts";
import { tcp_receive_window } from "./window.ts";
import { tcp_push_pending_frames } from "./write-xmit.ts";

/** True: the caller must answer with an RST. The packet is still the caller's then. */
export type NeedsReset = boolean;

/** Reads the options of a segment on an established connection. */
function parseOptions(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  const opt = tp.rx_opt;
  if (th.headerLength === TCP_HEADER_LENGTH) {
    opt.saw_tstamp = false;
    opt.sack_count = 0;
    return;
  }
  const at = skb.transport_header;
  tcp_parse_options(
    skb.view,
    at + TCP_HEADER_LENGTH,
    at + th.headerLength,
    th.flags,
    opt,
    undefined,
  );
  // Echoes are compared with our own clock, which has no offset.
  if (opt.saw_tstamp && opt.rcv_tsecr !== 0) opt.rcv_tsecr = (opt.rcv_tsecr - tp.tsoffset) | 0;
}

/** ESTABLISHED: the common path. */
export function tcp_rcv_established(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tcp_mstamp_refresh(tp);
  if ((th.flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)) === 0) {
    kfree_skb(skb);
    return;
  }
  parseOptions(tp, skb, th);
  if (!tcp_validate_incoming(tp, skb, th, true)) return;
  // Fifth, check the ACK field.
  if (tcp_ack(tp, skb, th.window, FLAG_UPDATE_TS_RECENT) < 0) {
    kfree_skb(skb);
    return;
  }
  tcp_rcv_rtt_measure_ts(tp, skb);
  // Sixth, check the URG bit.
  tcp_urg(tp, skb, th);
  // Seventh, process the segment text.
  tcp_data_queue(tp, skb);
  tcp_data_snd_check(tp);
  tcp_ack_snd_check(tp);
}

/** Sends what the segment made possible, and wakes writers. */
function tcp_data_snd_check(tp: TcpSock): void {
  tcp_push_pending_frames(tp);
  tcp_check_space(tp);
}

/** All states but ESTABLISHED and TIME_WAIT. */
export function tcp_rcv_state_process(
  tp: TcpSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): NeedsReset {
  switch (tp.sk_state) {
    case TCP_CLOSE:
      kfree_skb(skb);
      return false;
    case TCP_LISTEN:
      return arrivesInListen(tp, skb, th);
    case TCP_SYN_SENT:
      return arrivesInSynSent(tp, skb, th);
    default:
      return arrivesInSynchronized(tp, skb, th);
  }
}

/** RFC 9293, section 3.10.7.2. */
function arrivesInListen(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): NeedsReset {
  // First, RST. Second, ACK: nothing was sent that it could acknowledge. Third, SYN.
  if ((th.flags & TCPHDR_ACK) !== 0) return true;
  const isSyn = (th.flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_FIN)) === TCPHDR_SYN;
  if (isSyn) tcp_conn_request(tp, skb, th);
  kfree_skb(skb);
  return false;
}

function arrivesInSynSent(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): NeedsReset {
  tp.rx_opt.saw_tstamp = false;
  tcp_mstamp_refresh(tp);
  const needsReset = tcp_rcv_synsent_state_process(tp, skb, th);
  if (needsReset) return true;
  kfree_skb(skb);
  if (tp.sk_state === TCP_ESTABLISHED) tcp_data_snd_check(tp);
  return false;
}

/** RFC 9293, section 3.10.7.4, for SYN_RECV and the states of closing. */
function arrivesInSynchronized(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): NeedsReset {
  tcp_mstamp_refresh(tp);
  if ((th.flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)) === 0) {
    kfree_skb(skb);
    return false;
  }
  parseOptions(tp, skb, th);
  if (!tcp_validate_incoming(tp, skb, th, false)) return false;
  const result = tcp_ack(tp, skb, th.window, FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK);
  if (result <= 0) {
    if (tp.sk_state === TCP_SYN_RECV) return true;
    // An old ACK is accepted while closing.
    if (result < ACK_OLD) {
      tcp_send_challenge_ack(tp);
      kfree_skb(skb);
      return false;
    }
  }
  const next = ackInState(tp, skb, th);
  if (next === "RESET") return true;
  if (next === "OVER") {
    kfree_skb(skb);
    return false;
  }
  tcp_urg(tp, skb, th);
  return textInState(tp, skb, th);
}

/** What follows the ACK: the rest of the segment; nothing, for the sock is gone; or an RST, for it is gone too soon. */
type AfterAck = "GOES_ON" | "OVER" | "RESET";

/** What an acceptable ACK means in each state. */
function ackInState(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): AfterAck {
  switch (tp.sk_state) {
    case TCP_SYN_RECV:
      enterEstablished(tp, skb, th);
      return "GOES_ON";
    case TCP_FIN_WAIT1:
      return tp.snd.una === tp.write_seq ? enterFinWait2(tp, skb, th) : "GOES_ON";
    case TCP_CLOSING:
      if (tp.snd.una !== tp.write_seq) return "GOES_ON";
      tcp_time_wait(tp, TCP_TIME_WAIT, 0);
      return "OVER";
    case TCP_LAST_ACK:
      if (tp.snd.una !== tp.write_seq) return "GOES_ON";
      tcp_done(tp);
      return "OVER";
    default:
      return "GOES_ON";
  }
}

function enterEstablished(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tp.delivered++;
  if (tp.rtt.srtt_us === 0 && tp.synack_sent_us !== 0) {
    tcp_first_rtt(tp, Math.max(tp.tcp_mstamp - tp.synack_sent_us, 1));
  }
  if (tp.rx_opt.tstamp_ok) tp.advmss -= OLEN_TSTAMP_ALIGNED;
  tp.retrans_stamp = 0;
  tcp_init_transfer(tp);
  tp.copied_seq = tp.rcv.nxt;
  tcp_set_state(tp, TCP_ESTABLISHED);
  tp.sk_state_change();
  tp.snd.una = seqNum(skb.ack_seq);
  tp.snd.wnd = th.window * 2 ** tp.rx_opt.snd_wscale;
  tp.snd.wl1 = seqNum(skb.seq);
  tcp_update_pacing_rate(tp);
  tp.lsndtime = tp.jiffies;
  tcp_initialize_rcv_mss(tp);
  if ((tp.sk_shutdown & SEND_SHUTDOWN) !== 0) tcp_shutdown(tp, SEND_SHUTDOWN);
}

/** Our FIN is acknowledged. An orphan is replaced by a TIME_WAIT entry; data that nobody will read resets it. */
function enterFinWait2(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): AfterAck {
  tcp_set_state(tp, TCP_FIN_WAIT2);
  tp.sk_shutdown |= SEND_SHUTDOWN;
  if (!tp.sock_dead) {
    // close() may linger for this.
    tp.sk_state_change();
    return "GOES_ON";
  }
  if (tp.linger2 < 0 || carriesNewData(tp, skb, th)) {
    tcp_done(tp);
    tp.tcp.ext.TCPAbortOnData++;
    return "RESET";
  }
  const tmo = tcp_fin_time(tp);
  const timewait = tp.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
  if (tmo > timewait) {
    inet_csk_reset_keepalive_timer(tp, tmo - timewait);
  } else if ((th.flags & TCPHDR_FIN) !== 0) {
    // The FIN is in this very segment, and will be processed below.
    inet_csk_reset_keepalive_timer(tp, tmo);
  } else {
    tcp_time_wait(tp, TCP_FIN_WAIT2, tmo);
    return "OVER";
  }
  return "GOES_ON";
}

/** Data beyond what we have, a FIN aside. */
function carriesNewData(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): boolean {
  const fin = (th.flags & TCPHDR_FIN) !== 0 ? 1 : 0;
  return skb.end_seq !== skb.seq && after(seqAdd(skb.end_seq, -fin), tp.rcv.nxt);
}

/** Seventh, process the segment text; where it may still come. */
function textInState(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): NeedsReset {
  let taken = false;
  switch (tp.sk_state) {
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
      // After the FIN nothing new can come; old data is answered by tcp_data_queue().
      if (!before(skb.seq, tp.rcv.nxt)) break;
      tcp_data_queue(tp, skb);
      taken = true;
      break;
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
      if ((tp.sk_shutdown & RCV_SHUTDOWN) !== 0 && carriesNewData(tp, skb, th)) {
        // Nobody will read it (RFC 1122, 4.2.2.13): reset, so that the peer knows.
        tp.tcp.ext.TCPAbortOnData++;
        tcp_reset(tp);
        return true;
      }
      tcp_data_queue(tp, skb);
      taken = true;
      break;
    case TCP_ESTABLISHED:
      tcp_data_queue(tp, skb);
      taken = true;
      break;
    default:
  }
  if (tp.sk_state !== TCP_CLOSE) {
    tcp_data_snd_check(tp);
    tcp_ack_snd_check(tp);
  }
  if (!taken) kfree_skb(skb);
  return false;
}

/**
 * First to fourth of the RFC's checks, with PAWS before them and RFC 5961's answers.
 * False: the packet is dealt with and gone.
 */
function tcp_validate_incoming(
  tp: TcpSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
  syn_inerr: boolean,
): boolean {
  const isRst = (th.flags & TCPHDR_RST) !== 0;
  const isSyn = (th.flags & TCPHDR_SYN) !== 0;
  if (tp.rx_opt.saw_tstamp && !isRst && tcp_paws_discard(tp) && !isDisorderedAck(tp, skb)) {
    if (isSyn) return challengeSyn(tp, skb, syn_inerr);
    tp.tcp.ext.PAWSEstab++;
    answerPawsReject(tp, skb);
    return drop(skb);
  }
  // First, check sequence number.
  if (!tcp_sequence(tp, skb)) {
    if (!isRst) {
      if (isSyn) return challengeSyn(tp, skb, syn_inerr);
      answerOutOfWindow(tp, skb);
    } else if (tcp_reset_check(tp, skb)) {
      tcp_reset(tp);
    }
    return drop(skb);
  }
  // Second, check the RST bit. Only an exact match resets (RFC 5961, section 3.2).
  if (isRst) {
    if (skb.seq === tp.rcv.nxt || tcp_reset_check(tp, skb) || isRightmostSack(tp, skb)) {
      tcp_reset(tp);
    } else {
      tcp_send_challenge_ack(tp);
    }
    return drop(skb);
  }
  // Third, security and compartment: not implemented by anyone. Fourth, check the SYN bit.
  if (isSyn) {
    // Both opened at once, and this is the peer's SYN-ACK.
    const isCrossed =
      tp.sk_state === TCP_SYN_RECV &&
      tp.sk_socket !== undefined &&
      (th.flags & TCPHDR_ACK) !== 0 &&
      seqAdd(skb.seq, 1) === skb.end_seq &&
      skb.end_seq === tp.rcv.nxt &&
      skb.ack_seq === tp.snd.nxt;
    if (!isCrossed) return challengeSyn(tp, skb, syn_inerr);
  }
  return true;
}

function drop(skb: SkBuff): boolean {
  kfree_skb(skb);
  return false;
}

function challengeSyn(tp: TcpSock, skb: SkBuff, syn_inerr: boolean): boolean {
  if (syn_inerr) tp.tcp.mib.InErrs++;
  tp.tcp.ext.TCPSYNChallenge++;
  tcp_send_challenge_ack(tp);
  return drop(skb);
}

/** Does the segment touch [rcv.wup, rcv.nxt + window]? */
function tcp_sequence(tp: TcpSock, skb: SkBuff): boolean {
  return (
    !before(skb.end_seq, tp.rcv.wup) && !after(skb.seq, seqAdd(tp.rcv.nxt, tcp_receive_window(tp)))
  );
}

/** Some stacks send the RST after their FIN with the FIN's own number. */
function tcp_reset_check(tp: TcpSock, skb: SkBuff): boolean {
  const states = TCPF_CLOSE_WAIT | TCPF_LAST_ACK | TCPF_CLOSING;
  return skb.seq === seqAdd(tp.rcv.nxt, -1) && ((1 << tp.sk_state) & states) !== 0;
}

/** An RST behind a hole: right for a peer that sent everything up to it. */
function isRightmostSack(tp: TcpSock, skb: SkBuff): boolean {
  if (!tcp_is_sack(tp) || tp.rx_opt.num_sacks === 0) return false;
  let max = tp.selective_acks[0]?.end ?? tp.rcv.nxt;
  for (let i = 1; i < tp.rx_opt.num_sacks; i++) {
    const end = tp.selective_acks[i]?.end;
    if (end !== undefined && after(end, max)) max = end;
  }
  return skb.seq === max;
}

/**
 * A pure ACK with an old timestamp that changes nothing: reordered on the way, not an old duplicate
 * (tcp_disordered_ack).
 */
function isDisorderedAck(tp: TcpSock, skb: SkBuff): boolean {
  const isPure = skb.seq === skb.end_seq && skb.seq === tp.rcv.nxt;
  if (!isPure || skb.ack_seq !== tp.snd.una) return false;
  const age = seqDiff(tp.rx_opt.ts_recent, tp.rx_opt.rcv_tsval);
  return age <= (tp.tcp.jiffies_to_usecs(tp.icsk_rto) * 1024) / 1_000_000;
}
