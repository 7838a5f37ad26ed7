/** What an ICMP error means to a socket (icmp_err_convert in net/ipv4/icmp.c). */
import { Errno } from "@dcejs/lkl-kernel";
import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_TIME_EXCEEDED,
  NR_ICMP_UNREACH,
} from "../wire/icmp.ts";

/** Fatal errors end a connection attempt or reach a connected datagram socket without IP_RECVERR. */
export interface IcmpErrno {
  readonly errno: number;
  readonly fatal: boolean;
}

/** By code of "destination unreachable". */
const icmp_err_convert: readonly IcmpErrno[] = [
  { errno: Errno.ENETUNREACH, fatal: false }, // network
  { errno: Errno.EHOSTUNREACH, fatal: false }, // host
  { errno: Errno.ENOPROTOOPT, fatal: true }, // protocol
  { errno: Errno.ECONNREFUSED, fatal: true }, // port
  { errno: Errno.EMSGSIZE, fatal: false }, // fragmentation needed
  { errno: Errno.EOPNOTSUPP, fatal: false }, // source route failed
  { errno: Errno.ENETUNREACH, fatal: true }, // network unknown
  { errno: Errno.EHOSTDOWN, fatal: true }, // host unknown
  { errno: Errno.ENONET, fatal: true }, // host isolated
  { errno: Errno.ENETUNREACH, fatal: true }, // network prohibited
  { errno: Errno.EHOSTUNREACH, fatal: true }, // host prohibited
  { errno: Errno.ENETUNREACH, fatal: false }, // network, for this TOS
  { errno: Errno.EHOSTUNREACH, fatal: false }, // host, for this TOS
  { errno: Errno.EHOSTUNREACH, fatal: true }, // filtered
  { errno: Errno.EHOSTUNREACH, fatal: true }, // precedence violation
  { errno: Errno.EHOSTUNREACH, fatal: true }, // precedence cut-off
];

const UNREACHABLE: IcmpErrno = { errno: Errno.EHOSTUNREACH, fatal: false };
const PROTOCOL_ERROR: IcmpErrno = { errno: Errno.EPROTO, fatal: true };
const TOO_LARGE: IcmpErrno = { errno: Errno.EMSGSIZE, fatal: true };

/** The error of a datagram socket; undefined when the message is none of its business. */
export function icmp_to_errno(
  type: number,
  code: number,
  doesPmtu: boolean,
): IcmpErrno | undefined {
  if (type === ICMP_TIME_EXCEEDED) return UNREACHABLE;
  if (type === ICMP_PARAMETERPROB) return PROTOCOL_ERROR;
  if (type !== ICMP_DEST_UNREACH) return undefined;
  if (code === ICMP_FRAG_NEEDED) return doesPmtu ? TOO_LARGE : undefined;
  return code <= NR_ICMP_UNREACH ? icmp_err_convert[code] : UNREACHABLE;
}
