import type { Part } from "../conformance-test.ts";
import { tcpCloseTests } from "./tcp-close.ts";
import { tcpConnectTests } from "./tcp-connect.ts";
import { tcpDataTests } from "./tcp-data.ts";
import { tcpListenTests } from "./tcp-listen.ts";
import { tcpLossTests } from "./tcp-loss.ts";
import { udpTests } from "./udp.ts";

export const behaviourParts: readonly Part[] = [
  {
    title: "tcp: open",
    about: "How connections begin: connect, bind, listen, accept.",
    tests: [...tcpConnectTests, ...tcpListenTests],
  },
  {
    title: "tcp: end",
    about: "How connections end: shutdown, close, reset, TIME_WAIT.",
    tests: tcpCloseTests,
  },
  {
    title: "tcp: data",
    about: "Flags of send and recv, and when segments leave.",
    tests: tcpDataTests,
  },
  {
    title: "tcp: loss",
    about: "Peers that are gone, segments that are lost, windows.",
    tests: tcpLossTests,
  },
  {
    title: "udp",
    about: "Datagrams, their errors, broadcast and groups.",
    tests: udpTests,
  },
];
