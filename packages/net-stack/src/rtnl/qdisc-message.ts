/** The queueing discipline of each device, as `tc qdisc` shows it (net/sched/sch_api.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetlinkDump } from "../netlink/netlink-dump.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { qdiscName } from "./link-message.ts";
import type { MessageTarget } from "./link-message.ts";
import { listDump } from "./list-dump.ts";
import { headerView } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { RTM, TCA } from "./rtnetlink-numbers.ts";

/** struct tcmsg */
const TCMSG_OCTETS = 20;
const TC_H_ROOT = 0xffff_ffff;
const TCA_STATS_BASIC = 1;
const TCA_STATS_QUEUE = 3;
/** References to a discipline that a device holds. */
const REFERENCES = 2;

/** RTM_GETQDISC with NLM_F_DUMP (tc_dump_qdisc): noop is not shown. */
export function tc_dump_qdisc({ net }: RtnlContext): NetlinkDump {
  return listDump<object, NetDevice>({
    prepare: () => ({}),
    items: () => [...net.devices].filter((dev) => dev.isActivated),
    write: (writer, dev, flags, cb) =>
      fillQdisc(writer, dev, { portid: cb.portid, seq: cb.request.seq }, flags),
  });
}

/** RTM_GETTCLASS with NLM_F_DUMP: no discipline here has classes. */
export function tc_dump_tclass(_context: RtnlContext): NetlinkDump {
  return listDump<object, never>({
    prepare: () => ({}),
    items: () => [],
    write: () => true,
  });
}

/** RTM_NEWTCLASS, RTM_DELTCLASS: there is no discipline that a class could be of. -EINVAL, -ENODEV, -ENOENT */
export function tc_ctl_tclass({ net, message }: RtnlContext): number {
  if (message.payload.length < TCMSG_OCTETS) return -Errno.EINVAL;
  const dev = net.dev_get_by_index(headerView(message).getInt32(4, true));
  return dev === undefined ? -Errno.ENODEV : -Errno.ENOENT;
}

/** RTM_NEWQDISC: a device keeps the queue that it was made with. -EINVAL, -ENODEV, -ENOENT */
export function tc_modify_qdisc({ net, message, extack }: RtnlContext): number {
  if (message.payload.length < TCMSG_OCTETS) return -Errno.EINVAL;
  const dev = net.dev_get_by_index(headerView(message).getInt32(4, true));
  if (dev === undefined) return -Errno.ENODEV;
  return extack.say("Specified qdisc kind is unknown", -Errno.ENOENT);
}

/** RTM_DELQDISC: of the disciplines that a device begins with none can go. -EINVAL, -ENODEV, -ENOENT */
export function tc_del_qdisc({ net, message, extack }: RtnlContext): number {
  if (message.payload.length < TCMSG_OCTETS) return -Errno.EINVAL;
  const dev = net.dev_get_by_index(headerView(message).getInt32(4, true));
  if (dev === undefined) return -Errno.ENODEV;
  return extack.say("Cannot delete qdisc with handle of zero", -Errno.ENOENT);
}

/** tc_fill_qdisc */
function fillQdisc(
  writer: NetlinkWriter,
  dev: NetDevice,
  target: MessageTarget,
  flags: number,
): boolean {
  const { qdisc, stats } = dev;
  writer.begin(RTM.NEWQDISC, flags, target.seq, target.portid);
  writer.u8(0).u8(0).u16(0).u32(dev.ifindex).u32(0).u32(TC_H_ROOT).u32(REFERENCES);
  writer.attributeText(TCA.KIND, qdiscName(dev));
  if (qdisc !== undefined) writer.attribute(TCA.OPTIONS, u32Bytes(qdisc.limitPackets));
  writer.attributeU8(TCA.HW_OFFLOAD, 0);
  const queue = [qdisc?.qlen ?? 0, qdisc?.backlog ?? 0, qdisc?.drops ?? 0, qdisc?.requeues ?? 0, 0];
  const sent = qdisc === undefined ? { octets: 0, packets: 0 } : sentOf(stats);
  writer.nestPlain(TCA.STATS2, () => {
    const basic = u32Bytes(...wide(sent.octets), sent.packets, 0);
    writer.attribute(TCA_STATS_BASIC, basic).attribute(TCA_STATS_QUEUE, u32Bytes(...queue));
  });
  const [qlen = 0, backlog = 0, drops = 0] = queue;
  const legacy = u32Bytes(...wide(sent.octets), sent.packets, drops, 0, 0, 0, qlen, backlog, 0);
  writer.attribute(TCA.STATS, legacy);
  return writer.end();
}

/** What has left the queue is what the device has sent. */
function sentOf(stats: NetDevice["stats"]): { octets: number; packets: number } {
  return { octets: stats.tx_bytes, packets: stats.tx_packets };
}

function wide(value: number): [low: number, high: number] {
  return [value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000)];
}

function u32Bytes(...values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(values.length * 4);
  const view = new DataView(octets.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return octets;
}
