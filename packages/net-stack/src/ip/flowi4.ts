/** struct flowi4: what a route look-up asks for; owners reuse one object. */
export class Flowi4 {
  daddr = 0;
  /** 0: not chosen yet; the look-up fills it in. */
  saddr = 0;
  /** Interface to leave by, 0: any. Route look-ups for input use `iif`. */
  oif = 0;
  iif = 0;
  tos = 0;
  mark = 0;
  proto = 0;
  sport = 0;
  dport = 0;
  /** RT_SCOPE_LINK with MSG_DONTROUTE or SO_DONTROUTE: no gateways. */
  scope = 0;
  /** FLOWI_FLAG_ANYSRC: the source need not be an address of ours. */
  anysrc = false;

  /** flowi4_init_output, in short. */
  set(daddr: number, saddr: number, oif: number, tos: number, proto: number): this {
    this.daddr = daddr;
    this.saddr = saddr;
    this.oif = oif;
    this.iif = 0;
    this.tos = tos;
    this.mark = 0;
    this.proto = proto;
    this.sport = 0;
    this.dport = 0;
    this.scope = 0;
    this.anysrc = false;
    return this;
  }
}
