import type { IpArguments } from "../ip/ip-arguments.ts";
import { NO_OPTIONS, type QdiscKind, viewOf, type WriteOptions } from "./qdisc-kind.ts";
import { sizeFromText, TcCommandError } from "./tc-values.ts";

/** pfifo, bfifo and pfifo_head_drop: struct tc_fifo_qopt is one number. */
export function fifo(kind: string, unit: "p" | "b"): QdiscKind {
  return {
    parse: (args) => parse(kind, args),
    show: (options) => {
      if (options.length < 4) return NO_OPTIONS;
      const limit = viewOf(options).getUint32(0, true);
      return { text: `limit ${limit}${unit}`, json: { limit } };
    },
  };
}

function parse(kind: string, args: IpArguments): WriteOptions {
  let limit: number | undefined;
  while (!args.isEmpty) {
    const word = args.take();
    if (word !== "limit") throw new TcCommandError(`${kind}: unknown parameter "${word}"`, 1);
    const text = args.take();
    limit = sizeFromText(text);
    if (limit === undefined) {
      throw new TcCommandError(`${kind}: Illegal value for "limit": "${text}"`, 1);
    }
  }
  const chosen = limit;
  return chosen === undefined ? undefined : (writer) => writer.u32(chosen);
}

/** The map from priorities to bands of pfifo_fast and prio. */
const TC_PRIO_MAX = 15;

export const pfifoFast: QdiscKind = {
  parse(args) {
    if (!args.isEmpty)
      throw new TcCommandError(`qdisc 'pfifo_fast' does not support option parsing`, 1);
    return undefined;
  },
  show(options) {
    if (options.length < 4 + TC_PRIO_MAX + 1) return NO_OPTIONS;
    const bands = viewOf(options).getInt32(0, true);
    const priomap = [...options.subarray(4, 4 + TC_PRIO_MAX + 1)];
    return {
      text: `bands ${bands} priomap ${priomap.join(" ")}`,
      json: { bands, priomap, multiqueue: false },
    };
  },
};

/** A discipline without options: noqueue, mq. */
export const plain: QdiscKind = {
  parse(args) {
    if (!args.isEmpty) throw new TcCommandError(`What is "${args.take()}"?`, 1);
    return undefined;
  },
  show: () => NO_OPTIONS,
};
