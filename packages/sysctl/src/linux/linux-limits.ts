export const UINT_MAX = 4_294_967_295;
/** Socket memory that one full Ethernet frame costs (`SKB_TRUESIZE(ETH_FRAME_LEN)`), in octets. */
export const FRAME_TRUESIZE = 2090;
/** `SKB_TRUESIZE(256) * 256` rounded as `sk_init` has it: net.core.rmem_default. Octets. */
export const SOCKET_BUFFER_DEFAULT = 212_992;
/** SOCK_MIN_RCVBUF, octets. */
export const SOCKET_RCVBUF_MIN = 2304;
/** SOCK_MIN_SNDBUF, octets. */
export const SOCKET_SNDBUF_MIN = 4608;
export const PORT_MAX = 65_535;
/** GID_T_MAX - 1: the last group id that is legal in a range. */
export const GID_MAX = 4_294_967_294;
