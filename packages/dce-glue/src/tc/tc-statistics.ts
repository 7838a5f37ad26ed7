import { NetlinkAttributes, TCA } from "@dcejs/net-stack";
import { viewOf } from "./qdisc-kind.ts";
import { sizeToText } from "./tc-values.ts";

/** TCA_STATS2: struct gnet_stats_basic, gnet_stats_queue, and the discipline's own. */
const TCA_STATS_BASIC = 1;
const TCA_STATS_QUEUE = 3;
const TCA_STATS_APP = 4;

export interface TcStatistics {
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
  readonly requeues: number;
  readonly backlog: number;
  readonly qlen: number;
  /** Octets of struct tc_KIND_xstats. */
  readonly own: Uint8Array | undefined;
}

export function readStatistics(attributes: NetlinkAttributes): TcStatistics | undefined {
  const nest = attributes.nested(TCA.STATS2);
  const basic = nest?.bytes(TCA_STATS_BASIC);
  const queue = nest?.bytes(TCA_STATS_QUEUE);
  if (nest === undefined || basic === undefined || basic.length < 12) return undefined;
  const of = (at: number): number =>
    queue === undefined || queue.length < at * 4 + 4 ? 0 : viewOf(queue).getUint32(at * 4, true);
  const view = viewOf(basic);
  return {
    bytes: view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true),
    packets: view.getUint32(8, true),
    qlen: of(0),
    backlog: of(1),
    drops: of(2),
    requeues: of(3),
    overlimits: of(4),
    own: nest.bytes(TCA_STATS_APP),
  };
}

/** print_tcstats2_attr, with the line breaks around it. */
export function statisticsText(one: TcStatistics): string {
  return (
    ` Sent ${one.bytes} bytes ${one.packets} pkt (dropped ${one.drops}, ` +
    `overlimits ${one.overlimits} requeues ${one.requeues}) \n` +
    ` backlog ${sizeToText(one.backlog)} ${one.qlen}p requeues ${one.requeues}\n`
  );
}

export function statisticsObject(one: TcStatistics): Record<string, number> {
  const { bytes, packets, drops, overlimits, requeues, backlog, qlen } = one;
  return { bytes, packets, drops, overlimits, requeues, backlog, qlen };
}
