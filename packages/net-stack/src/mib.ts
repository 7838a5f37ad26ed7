/** SNMP counters under Linux's names, in the order of /proc/net/snmp and /proc/net/netstat (net/ipv4/proc.c). */

/** The counters of one group: an object with one number for each name. */
export type Counters<Name extends string> = Record<Name, number>;

/** struct ipstats_mib: both what /proc/net/snmp prints as Ip and what /proc/net/netstat prints as IpExt. */
export const IP_NAMES = [
  "InReceives",
  "InHdrErrors",
  "InAddrErrors",
  "OutForwDatagrams",
  "InUnknownProtos",
  "InDiscards",
  "InDelivers",
  "OutRequests",
  "OutDiscards",
  "OutNoRoutes",
  "ReasmTimeout",
  "ReasmReqds",
  "ReasmOKs",
  "ReasmFails",
  "FragOKs",
  "FragFails",
  "FragCreates",
  "OutTransmits",
] as const;

export const IP_EXT_NAMES = [
  "InNoRoutes",
  "InTruncatedPkts",
  "InMcastPkts",
  "OutMcastPkts",
  "InBcastPkts",
  "OutBcastPkts",
  "InOctets",
  "OutOctets",
  "InMcastOctets",
  "OutMcastOctets",
  "InBcastOctets",
  "OutBcastOctets",
  "InCsumErrors",
  "InNoECTPkts",
  "InECT1Pkts",
  "InECT0Pkts",
  "InCEPkts",
  "ReasmOverlaps",
] as const;

const ICMP_NAMES = [
  "InMsgs",
  "InErrors",
  "InCsumErrors",
  "OutMsgs",
  "OutErrors",
  "RateLimitGlobal",
  "RateLimitHost",
] as const;

export const TCP_NAMES = [
  "RtoAlgorithm",
  "RtoMin",
  "RtoMax",
  "MaxConn",
  "ActiveOpens",
  "PassiveOpens",
  "AttemptFails",
  "EstabResets",
  "CurrEstab",
  "InSegs",
  "OutSegs",
  "RetransSegs",
  "InErrs",
  "OutRsts",
  "InCsumErrors",
] as const;

export const UDP_NAMES = [
  "InDatagrams",
  "NoPorts",
  "InErrors",
  "OutDatagrams",
  "RcvbufErrors",
  "SndbufErrors",
  "InCsumErrors",
  "IgnoredMulti",
  "MemErrors",
] as const;

export const TCP_EXT_NAMES = [
  "SyncookiesSent",
  "SyncookiesRecv",
  "SyncookiesFailed",
  "EmbryonicRsts",
  "PruneCalled",
  "RcvPruned",
  "OfoPruned",
  "OutOfWindowIcmps",
  "LockDroppedIcmps",
  "ArpFilter",
  "TW",
  "TWRecycled",
  "TWKilled",
  "PAWSActive",
  "PAWSEstab",
  "DelayedACKs",
  "DelayedACKLocked",
  "DelayedACKLost",
  "ListenOverflows",
  "ListenDrops",
  "TCPHPHits",
  "TCPPureAcks",
  "TCPHPAcks",
  "TCPRenoRecovery",
  "TCPSackRecovery",
  "TCPSACKReneging",
  "TCPSACKReorder",
  "TCPRenoReorder",
  "TCPTSReorder",
  "TCPFullUndo",
  "TCPPartialUndo",
  "TCPDSACKUndo",
  "TCPLossUndo",
  "TCPLostRetransmit",
  "TCPRenoFailures",
  "TCPSackFailures",
  "TCPLossFailures",
  "TCPFastRetrans",
  "TCPSlowStartRetrans",
  "TCPTimeouts",
  "TCPLossProbes",
  "TCPLossProbeRecovery",
  "TCPRenoRecoveryFail",
  "TCPSackRecoveryFail",
  "TCPRcvCollapsed",
  "TCPBacklogCoalesce",
  "TCPDSACKOldSent",
  "TCPDSACKOfoSent",
  "TCPDSACKRecv",
  "TCPDSACKOfoRecv",
  "TCPAbortOnData",
  "TCPAbortOnClose",
  "TCPAbortOnMemory",
  "TCPAbortOnTimeout",
  "TCPAbortOnLinger",
  "TCPAbortFailed",
  "TCPMemoryPressures",
  "TCPMemoryPressuresChrono",
  "TCPSACKDiscard",
  "TCPDSACKIgnoredOld",
  "TCPDSACKIgnoredNoUndo",
  "TCPSpuriousRTOs",
  "TCPMD5NotFound",
  "TCPMD5Unexpected",
  "TCPMD5Failure",
  "TCPSackShifted",
  "TCPSackMerged",
  "TCPSackShiftFallback",
  "TCPBacklogDrop",
  "PFMemallocDrop",
  "TCPMinTTLDrop",
  "TCPDeferAcceptDrop",
  "IPReversePathFilter",
  "TCPTimeWaitOverflow",
  "TCPReqQFullDoCookies",
  "TCPReqQFullDrop",
  "TCPRetransFail",
  "TCPRcvCoalesce",
  "TCPOFOQueue",
  "TCPOFODrop",
  "TCPOFOMerge",
  "TCPChallengeACK",
  "TCPSYNChallenge",
  "TCPFastOpenActive",
  "TCPFastOpenActiveFail",
  "TCPFastOpenPassive",
  "TCPFastOpenPassiveFail",
  "TCPFastOpenListenOverflow",
  "TCPFastOpenCookieReqd",
  "TCPFastOpenBlackhole",
  "TCPSpuriousRtxHostQueues",
  "BusyPollRxPackets",
  "TCPAutoCorking",
  "TCPFromZeroWindowAdv",
  "TCPToZeroWindowAdv",
  "TCPWantZeroWindowAdv",
  "TCPSynRetrans",
  "TCPOrigDataSent",
  "TCPHystartTrainDetect",
  "TCPHystartTrainCwnd",
  "TCPHystartDelayDetect",
  "TCPHystartDelayCwnd",
  "TCPACKSkippedSynRecv",
  "TCPACKSkippedPAWS",
  "TCPACKSkippedSeq",
  "TCPACKSkippedFinWait2",
  "TCPACKSkippedTimeWait",
  "TCPACKSkippedChallenge",
  "TCPWinProbe",
  "TCPKeepAlive",
  "TCPMTUPFail",
  "TCPMTUPSuccess",
  "TCPDelivered",
  "TCPDeliveredCE",
  "TCPAckCompressed",
  "TCPZeroWindowDrop",
  "TCPRcvQDrop",
  "TCPWqueueTooBig",
  "TCPFastOpenPassiveAltKey",
  "TcpTimeoutRehash",
  "TcpDuplicateDataRehash",
  "TCPDSACKRecvSegs",
  "TCPDSACKIgnoredDubious",
  "TCPMigrateReqSuccess",
  "TCPMigrateReqFailure",
  "TCPPLBRehash",
  "TCPAORequired",
  "TCPAOBad",
  "TCPAOKeyNotFound",
  "TCPAOGood",
  "TCPAODroppedIcmps",
] as const;

export type IpCounterName = (typeof IP_NAMES)[number] | (typeof IP_EXT_NAMES)[number];
export type IcmpCounterName = (typeof ICMP_NAMES)[number];
export type TcpCounterName = (typeof TCP_NAMES)[number];
export type TcpExtCounterName = (typeof TCP_EXT_NAMES)[number];
export type UdpCounterName = (typeof UDP_NAMES)[number];

function zeroes<Name extends string>(names: readonly Name[]): Counters<Name> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the keys
  return Object.fromEntries(names.map((name) => [name, 0])) as Counters<Name>;
}

/** ICMP messages by type. */
export class IcmpMsgCounters {
  readonly received: Map<number, number> = new Map();
  readonly sent: Map<number, number> = new Map();

  in(type: number): void {
    this.received.set(type, (this.received.get(type) ?? 0) + 1);
  }

  out(type: number): void {
    this.sent.set(type, (this.sent.get(type) ?? 0) + 1);
  }
}

/** All counters of one kernel. */
export class Mib {
  readonly ip: Counters<IpCounterName> = zeroes([...IP_NAMES, ...IP_EXT_NAMES]);
  readonly icmp: Counters<IcmpCounterName> = zeroes(ICMP_NAMES);
  readonly icmpMsg: IcmpMsgCounters = new IcmpMsgCounters();
  readonly tcp: Counters<TcpCounterName> = {
    ...zeroes(TCP_NAMES),
    RtoAlgorithm: 1,
    RtoMin: 200,
    RtoMax: 120_000,
    MaxConn: -1,
  };
  readonly tcpExt: Counters<TcpExtCounterName> = zeroes(TCP_EXT_NAMES);
  readonly udp: Counters<UdpCounterName> = zeroes(UDP_NAMES);
}
