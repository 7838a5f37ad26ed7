/** A dump of a list that may change while the program reads. */
import { NLM_F_MULTI } from "../netlink/netlink.ts";
import { interruptedFlag } from "../netlink/netlink-dump.ts";
import type { NetlinkCallback, NetlinkDump } from "../netlink/netlink-dump.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";

export interface DumpedList<F, T> {
  /** Reads the request: what is wanted, or -errno. */
  prepare(cb: NetlinkCallback): F | number;
  /** All that is there now, in Linux's order; or -errno. */
  items(filter: F, cb: NetlinkCallback): readonly T[] | number;
  /** Writes one message. @returns false: it does not fit */
  write(writer: NetlinkWriter, item: T, flags: number, cb: NetlinkCallback): boolean;
  generation?(): number;
}

export function listDump<F extends object, T>(list: DumpedList<F, T>): NetlinkDump {
  let filter: F | undefined;
  let index = 0;
  return {
    ...(list.generation === undefined ? {} : { generation: () => list.generation?.() ?? 0 }),
    next(writer, cb) {
      if (filter === undefined) {
        const prepared = list.prepare(cb);
        if (typeof prepared === "number") return prepared;
        filter = prepared;
      }
      const items = list.items(filter, cb);
      if (typeof items === "number") return items;
      let flags = NLM_F_MULTI | cb.answerFlags | (index < items.length ? interruptedFlag(cb) : 0);
      for (const item of items.slice(index)) {
        if (!list.write(writer, item, flags, cb)) return "more";
        flags = NLM_F_MULTI | cb.answerFlags;
        index++;
      }
      return 0;
    },
  };
}
