/** Options of arriving IPv4 headers (net/ipv4/ip_options.c): checked, otherwise left alone. */
import { icmp_send } from "../icmp/icmp-send.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import { ICMP_PARAMETERPROB } from "../wire/icmp.ts";
import { IPV4_HEADER_LENGTH } from "../wire/ipv4.ts";

const IPOPT_END = 0;
const IPOPT_NOOP = 1;
const IPOPT_LSRR = 131;
const IPOPT_SSRR = 137;

/**
 * ip_options_compile: is every option whole? False: a malformed one was answered with a parameter
 * problem that points at it, or a source route is not accepted here; the caller drops the packet.
 * Route recording and time stamps are passed on as they are.
 */
export function ip_rcv_options(net: NetStack, skb: SkBuff, dev: NetDevice): boolean {
  const start = skb.network_header + IPV4_HEADER_LENGTH;
  const end = start + skb.ipcb_optlen;
  for (let at = start; at < end; ) {
    const kind = skb.view.getUint8(at);
    if (kind === IPOPT_END) break;
    if (kind === IPOPT_NOOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? skb.view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) {
      net.mib.ip.InHdrErrors++;
      icmp_send(net, skb, ICMP_PARAMETERPROB, 0, ((at - skb.network_header) << 24) >>> 0);
      return false;
    }
    const isSourceRoute = kind === IPOPT_LSRR || kind === IPOPT_SSRR;
    if (isSourceRoute && dev.ip_ptr?.acceptsSourceRoute !== true) return false;
    at += length;
  }
  return true;
}
