/** Numbers of nfnetlink and nf_tables (include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h), without their prefixes. */

export const NETLINK_NETFILTER = 12;
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 0x10;
export const NFNL_MSG_BATCH_END = 0x11;

export const NFT_MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  DELCHAIN: 5,
  NEWRULE: 6,
  GETRULE: 7,
  DELRULE: 8,
  NEWSET: 9,
  GETSET: 10,
  DELSET: 11,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
} as const;

export const LIST_ELEM = 1;
export const TABLE = { NAME: 1, HANDLE: 4 } as const;
export const CHAIN = { TABLE: 1, HANDLE: 2, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const;
export const HOOK = { HOOKNUM: 1, PRIORITY: 2 } as const;
export const RULE = {
  TABLE: 1,
  CHAIN: 2,
  HANDLE: 3,
  EXPRESSIONS: 4,
  POSITION: 6,
  USERDATA: 7,
} as const;
export const SET = {
  TABLE: 1,
  NAME: 2,
  FLAGS: 3,
  KEY_TYPE: 4,
  KEY_LEN: 5,
  DESC: 9,
  ID: 10,
  HANDLE: 16,
} as const;
export const SET_DESC_SIZE = 1;
export const SET_FLAG = { ANONYMOUS: 1, CONSTANT: 2, INTERVAL: 4, MAP: 8 } as const;
export const SET_ELEM = { KEY: 1, FLAGS: 3 } as const;
export const SET_ELEM_INTERVAL_END = 1;
export const SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3, SET_ID: 4 } as const;

export const DATA = { VALUE: 1, VERDICT: 2 } as const;
export const VERDICT = { CODE: 1, CHAIN: 2 } as const;
/** Codes of verdicts; those below zero are nf_tables' own. */
export const VERDICT_CODE = {
  drop: 0,
  accept: 1,
  continue: -1,
  jump: -3,
  goto: -4,
  return: -5,
} as const;

export const EXPR = { NAME: 1, DATA: 2 } as const;
export const IMMEDIATE = { DREG: 1, DATA: 2 } as const;
export const BITWISE = { SREG: 1, DREG: 2, LEN: 3, MASK: 4, XOR: 5 } as const;
export const CMP = { SREG: 1, OP: 2, DATA: 3 } as const;
export const CMP_OP = { EQ: 0, NEQ: 1, LT: 2, LTE: 3, GT: 4, GTE: 5 } as const;
export const RANGE = { SREG: 1, OP: 2, FROM_DATA: 3, TO_DATA: 4 } as const;
export const LOOKUP = { SET: 1, SREG: 2, SET_ID: 4, FLAGS: 5 } as const;
export const LOOKUP_INVERTED = 1;
export const PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4 } as const;
export const META = { DREG: 1, KEY: 2, SREG: 3 } as const;
export const META_MARK = 3;
export const CT = { DREG: 1, KEY: 2, SREG: 4 } as const;
export const CT_MARK = 3;
export const LIMIT = { RATE: 1, UNIT: 2, BURST: 3, TYPE: 4, FLAGS: 5 } as const;
export const COUNTER = { BYTES: 1, PACKETS: 2 } as const;
export const LOG = { GROUP: 1, PREFIX: 2, LEVEL: 5 } as const;
export const REJECT = { TYPE: 1, ICMP_CODE: 2 } as const;
export const NAT = {
  TYPE: 1,
  FAMILY: 2,
  ADDR_MIN: 3,
  ADDR_MAX: 4,
  PROTO_MIN: 5,
  PROTO_MAX: 6,
  FLAGS: 7,
} as const;
export const MASQ = { FLAGS: 1, PROTO_MIN: 2, PROTO_MAX: 3 } as const;
export const REDIR = { PROTO_MIN: 1, PROTO_MAX: 2, FLAGS: 3 } as const;

export const REG_VERDICT = 0;
export const REG_1 = 1;
