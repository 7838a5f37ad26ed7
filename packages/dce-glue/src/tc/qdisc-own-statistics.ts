import { type ShownOptions, type ShownPart, shown, viewOf } from "./qdisc-kind.ts";
import { nanosecondsToText, timeToText } from "./tc-values.ts";

/** Numbers of a structure that may be shorter than it is today: what is left out is 0. */
class Fields {
  readonly #view: DataView;

  constructor(octets: Uint8Array) {
    this.#view = viewOf(octets);
  }

  u32(at: number): number {
    return at + 4 > this.#view.byteLength ? 0 : this.#view.getUint32(at, true);
  }

  s32(at: number): number {
    return this.u32(at) | 0;
  }

  /** Exact up to 2^53. */
  u64(at: number): number {
    return this.u32(at + 4) * 0x1_0000_0000 + this.u32(at);
  }
}

type Line = readonly (ShownPart | undefined)[];

/** Lines as they stand below the statistics that all disciplines have; an empty one is left out. */
function lines(...all: readonly Line[]): ShownOptions {
  const parts = all.map((line) => shown(line, ""));
  return {
    text: parts.map(({ text }) => (text === "" ? "" : `${text}\n`)).join(""),
    json: Object.assign({}, ...parts.map(({ json }) => json)),
  };
}

/** Each is preceded by a blank, the first of most lines by two. */
function count(name: string, value: number, blanks = " "): ShownPart {
  return [`${blanks}${name} ${value}`, name, value];
}

/** What is only said when there is some. */
function some(name: string, value: number, blanks = " "): ShownPart | undefined {
  return value === 0 ? undefined : count(name, value, blanks);
}

const FQ_CODEL_XSTATS_QDISC = 0;

/** struct tc_fq_codel_xstats, of the discipline or of one flow */
export function fqCodelStatistics(octets: Uint8Array): ShownOptions {
  const of = new Fields(octets);
  if (of.u32(0) !== FQ_CODEL_XSTATS_QDISC) return codelFlow(of);
  return lines(
    [
      count("maxpacket", of.u32(4), "  "),
      count("drop_overlimit", of.u32(8)),
      count("new_flow_count", of.u32(16)),
      count("ecn_mark", of.u32(12)),
      some("ce_mark", of.u32(28)),
      some("memory_used", of.u32(32)),
      some("drop_overmemory", of.u32(36)),
    ],
    [count("new_flows_len", of.u32(20), "  "), count("old_flows_len", of.u32(24))],
  );
}

/** struct tc_fq_codel_cl_stats */
function codelFlow(of: Fields): ShownOptions {
  const next = of.s32(24);
  const isDropping = of.u32(20) !== 0;
  return lines([
    count("deficit", of.s32(4), "  "),
    count("count", of.u32(12)),
    count("lastcount", of.u32(16)),
    [` ldelay ${timeToText(of.u32(8))}`, "ldelay", of.u32(8)],
    isDropping ? [" dropping", "dropping", true] : undefined,
    isDropping
      ? [` drop_next ${next < 0 ? "-" : ""}${timeToText(Math.abs(next))}`, "drop_next", next]
      : undefined,
  ]);
}

/** struct tc_fq_qd_stats, as far as iproute2 6.1 knows it */
export function fqStatistics(octets: Uint8Array): ShownOptions {
  const of = new Fields(octets);
  const next = of.u64(56);
  const latency = of.u32(76);
  return lines(
    [
      count("flows", of.u32(64), "  "),
      [` (inactive ${of.u32(68)}`, "inactive", of.u32(68)],
      [` throttled ${of.u32(72)})`, "throttled", of.u32(72)],
      next > 0 && next < 2 ** 63
        ? [` next_packet_delay ${next}ns`, "next_packet_delay", next]
        : undefined,
    ],
    [
      count("gc", of.u64(0), "  "),
      count("highprio", of.u64(8)),
      some("retrans", of.u64(16)),
      count("throttled", of.u64(24)),
      latency === 0 ? undefined : [` latency ${nanosecondsToText(latency)}`, "latency", latency],
      some("ce_mark", of.u64(80)),
      some("flows_plimit", of.u64(32)),
    ],
    [
      some("pkts_too_long", of.u64(40)),
      some("alloc_errors", of.u64(48)),
      some("horizon_drops", of.u64(88)),
      some("horizon_caps", of.u64(96), "  "),
    ],
  );
}
