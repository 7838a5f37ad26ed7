import type { Part } from "../conformance-test.ts";
import { controlMessageTests } from "./control-messages.ts";
import { epollTests, pollTests } from "./epoll.ts";
import { fragmentTests } from "./fragments.ts";
import { ipHeaderTests } from "./ip-header.ts";
import { optionTests } from "./options.ts";
import { privilegeTests } from "./privileges.ts";
import { echoTests, rawTests } from "./raw.ts";
import { routingTests } from "./routing.ts";
import { tcpCloseTests } from "./tcp-close.ts";
import { tcpConnectTests } from "./tcp-connect.ts";
import { tcpDataTests } from "./tcp-data.ts";
import { tcpInjectionTests } from "./tcp-injection.ts";
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
    title: "tcp: forged",
    about: "Segments that the peer has not sent.",
    tests: tcpInjectionTests,
  },
  {
    title: "udp",
    about: "Datagrams, their errors, broadcast and groups.",
    tests: udpTests,
  },
  {
    title: "ip",
    about: "Headers, fragments, raw sockets, ICMP.",
    tests: [...ipHeaderTests, ...controlMessageTests, ...fragmentTests, ...rawTests, ...echoTests],
  },
  {
    title: "routing",
    about: "Forwarding, path MTU, routes, ARP.",
    tests: routingTests,
  },
  {
    title: "poll",
    about: "poll and epoll on sockets.",
    tests: [...pollTests, ...epollTests],
  },
  {
    title: "options",
    about: "socket, setsockopt and getsockopt, and what of it is root's.",
    tests: [...optionTests, ...privilegeTests],
  },
];
