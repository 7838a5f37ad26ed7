/** The ICMP types that /proc/net/snmp names (icmpmibmap). */
export const ICMP_ERROR_TYPES: readonly { readonly name: string; readonly type: number }[] = [
  { name: "DestUnreachs", type: 3 },
  { name: "TimeExcds", type: 11 },
  { name: "ParmProbs", type: 12 },
  { name: "SrcQuenchs", type: 4 },
  { name: "Redirects", type: 5 },
  { name: "Echos", type: 8 },
  { name: "EchoReps", type: 0 },
  { name: "Timestamps", type: 13 },
  { name: "TimestampReps", type: 14 },
  { name: "AddrMasks", type: 17 },
  { name: "AddrMaskReps", type: 18 },
];
