/** What an accepted sock has from its listener (sk_clone_lock). */
import type { TcpSock } from "./tcp-sock.ts";

export function copySockOptions(from: TcpSock, to: TcpSock): void {
  to.sk_reuse = from.sk_reuse;
  to.sk_reuseport = from.sk_reuseport;
  to.sk_keepopen = from.sk_keepopen;
  to.sk_linger = from.sk_linger;
  to.sk_lingertime = from.sk_lingertime;
  to.sk_oobinline = from.sk_oobinline;
  to.sk_rcvtimeo = from.sk_rcvtimeo;
  to.sk_sndtimeo = from.sk_sndtimeo;
  to.sk_rcvlowat = from.sk_rcvlowat;
  to.sk_priority = from.sk_priority;
  to.sk_mark = from.sk_mark;
  to.sk_uid = from.sk_uid;
  to.sk_rcvbuf = from.sk_rcvbuf;
  to.sk_sndbuf = from.sk_sndbuf;
  to.sk_userlocks_rcvbuf = from.sk_userlocks_rcvbuf;
  to.sk_userlocks_sndbuf = from.sk_userlocks_sndbuf;
  to.tos = from.tos;
  to.uc_ttl = from.uc_ttl;
  to.pmtudisc = from.pmtudisc;
  to.recverr = from.recverr;
  to.freebind = from.freebind;
  to.transparent = from.transparent;
  to.nonagle = from.nonagle;
  to.keepalive_time = from.keepalive_time;
  to.keepalive_intvl = from.keepalive_intvl;
  to.keepalive_probes = from.keepalive_probes;
  to.linger2 = from.linger2;
  to.icsk_user_timeout = from.icsk_user_timeout;
  to.icsk_syn_retries = from.icsk_syn_retries;
  to.notsent_lowat = from.notsent_lowat;
  to.rx_opt.user_mss = from.rx_opt.user_mss;
  to.ca_is_chosen = from.ca_is_chosen;
  if (from.ca_is_chosen) {
    const factory = to.tcp.congestion.find(from.icsk_ca.name);
    if (factory !== undefined) to.icsk_ca = factory(to);
  }
}
