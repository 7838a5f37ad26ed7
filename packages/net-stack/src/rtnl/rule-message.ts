/** The three policy rules that every IPv4 host begins with, and all that there are here (net/core/fib_rules.c). */
import { RT_TABLE_DEFAULT, RT_TABLE_LOCAL, RT_TABLE_MAIN } from "../ip/fib.ts";
import type { NetlinkDump } from "../netlink/netlink-dump.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import { listDump } from "./list-dump.ts";
import type { RtnlContext } from "./message-context.ts";
import { FRA, RTM } from "./rtnetlink-numbers.ts";

const FR_ACT_TO_TBL = 1;
const RTPROT_KERNEL = 2;
const NO_SUPPRESSION = 0xffff_ffff;

interface Rule {
  readonly priority: number;
  readonly table: number;
}

/** fib_default_rules_init: the look-up order of {@link Fib.lookup}. */
const RULES: readonly Rule[] = [
  { priority: 0, table: RT_TABLE_LOCAL },
  { priority: 32_766, table: RT_TABLE_MAIN },
  { priority: 32_767, table: RT_TABLE_DEFAULT },
];

/** RTM_GETRULE with NLM_F_DUMP (fib_nl_dumprule). */
export function fib_nl_dumprule({ message }: RtnlContext): NetlinkDump {
  const family = message.payload[0] ?? 0;
  return listDump<object, Rule>({
    prepare: () => ({}),
    items: () => (family === 0 || family === AF_INET ? RULES : []),
    write: (writer, rule, flags, cb) => {
      writer.begin(RTM.NEWRULE, flags, cb.request.seq, cb.portid);
      writer.u8(AF_INET).u8(0).u8(0).u8(0);
      writer.u8(rule.table).u8(0).u8(0).u8(FR_ACT_TO_TBL).u32(0);
      writer.attributeU32(FRA.TABLE, rule.table);
      writer.attributeU32(FRA.SUPPRESS_PREFIXLEN, NO_SUPPRESSION);
      writer.attributeU8(FRA.PROTOCOL, RTPROT_KERNEL);
      if (rule.priority !== 0) writer.attributeU32(FRA.PRIORITY, rule.priority);
      return writer.end();
    },
  });
}
