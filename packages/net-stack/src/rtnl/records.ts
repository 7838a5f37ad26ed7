/** What the configuration calls take and the dumps give: rtnetlink's messages as records. IPv4 addresses in host order. */
import type { RouteMetrics } from "../ip/rtable.ts";

/** What to do when the route is there: NLM_F_EXCL, NLM_F_REPLACE, NLM_F_APPEND, or put in front. */
export type FibInsertMode = "exclusive" | "replace" | "append" | "prepend";

export interface LinkRecord {
  readonly ifindex: number;
  readonly name: string;
  readonly flags: number;
  readonly mtu: number;
  readonly txQueueLength: number;
  readonly address: Uint8Array;
  /** ARPHRD_*. */
  readonly type: number;
  readonly operState: "UNKNOWN" | "DOWN" | "UP" | "LOWERLAYERDOWN";
  readonly qdisc: string;
}

export interface LinkChange {
  readonly flags?: number;
  readonly flagsMask?: number;
  readonly mtu?: number;
  readonly address?: Uint8Array;
  readonly txQueueLength?: number;
  readonly name?: string;
}

export interface AddressSpecification {
  readonly ifindex: number;
  readonly local: number;
  readonly prefixLength: number;
  readonly broadcast?: number;
  readonly peer?: number;
  readonly scope?: number;
  readonly label?: string;
}

export interface AddressRecord {
  readonly ifindex: number;
  readonly local: number;
  readonly peer: number;
  readonly prefixLength: number;
  readonly broadcast: number | undefined;
  readonly scope: number;
  readonly label: string;
  readonly isSecondary: boolean;
}

/** What is left out matches anything (delete) or gets its default (add). */
export interface RouteSpecification {
  readonly destination: number;
  readonly prefixLength: number;
  readonly gateway?: number;
  readonly ifindex?: number;
  readonly preferredSource?: number;
  readonly metric?: number;
  readonly tos?: number;
  readonly scope?: number;
  readonly table?: number;
  readonly routeType?: number;
  readonly protocol?: number;
  readonly metrics?: RouteMetrics;
  readonly isOnlink?: boolean;
}

export interface RouteRecord {
  readonly destination: number;
  readonly prefixLength: number;
  readonly gateway: number | undefined;
  readonly ifindex: number | undefined;
  readonly preferredSource: number | undefined;
  readonly metric: number;
  readonly scope: number;
  readonly table: number;
  readonly type: number;
  readonly protocol: number;
  readonly isLinkDown: boolean;
}

export interface NeighbourRecord {
  readonly ifindex: number;
  readonly destination: number;
  readonly lladdr: Uint8Array | undefined;
  readonly state: number;
}
