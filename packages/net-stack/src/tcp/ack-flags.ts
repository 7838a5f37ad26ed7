/** What one ACK did (net/ipv4/tcp_input.c). */
/** It carried data. */
export const FLAG_DATA = 0x01;
/** It changed the peer's window. */
export const FLAG_WIN_UPDATE = 0x02;
/** It acknowledged new data. */
export const FLAG_DATA_ACKED = 0x04;
/** It acknowledged something that had been retransmitted. */
export const FLAG_RETRANS_DATA_ACKED = 0x08;
/** It acknowledged our SYN. */
export const FLAG_SYN_ACKED = 0x10;
/** It sacked new data. */
export const FLAG_DATA_SACKED = 0x20;
export const FLAG_ECE = 0x40;
/** A retransmission was found lost. */
export const FLAG_LOST_RETRANS = 0x80;
/** Never-retransmitted data below high_seq was (s)acked. */
export const FLAG_ORIG_SACK_ACKED = 0x200;
export const FLAG_SND_UNA_ADVANCED = 0x400;
/** It reported a duplicate (RFC 2883). */
export const FLAG_DSACKING_ACK = 0x800;
/** The retransmission (or probe) timer must be set again. */
export const FLAG_SET_XMIT_TIMER = 0x1000;
/** snd.una is a packet that was sacked: the peer dropped it. */
export const FLAG_SACK_RENEGING = 0x2000;
export const FLAG_UPDATE_TS_RECENT = 0x4000;
/** Too old to answer, but no challenge ACK either: it is part of a handshake. */
export const FLAG_NO_CHALLENGE_ACK = 0x8000;
/** The last segment of a burst, possibly delayed by the peer: no RTT minimum. */
export const FLAG_ACK_MAYBE_DELAYED = 0x10000;
/** The duplicate reported is our tail loss probe. */
export const FLAG_DSACK_TLP = 0x20000;

export const FLAG_ACKED: number = FLAG_DATA_ACKED | FLAG_SYN_ACKED;
export const FLAG_NOT_DUP: number = FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED;
export const FLAG_CA_ALERT: number = FLAG_DATA_SACKED | FLAG_ECE | FLAG_DSACKING_ACK;
export const FLAG_FORWARD_PROGRESS: number = FLAG_ACKED | FLAG_DATA_SACKED;
