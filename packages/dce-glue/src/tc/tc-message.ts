import type { Wait } from "@dcejs/lkl-kernel";
import { NetlinkAttributes, type NetlinkMessage, type NetlinkWriter, TCA } from "@dcejs/net-stack";
import type { NetlinkTalker } from "../netlink/netlink-client.ts";
import { talkMessages } from "../ip/rtnl-client.ts";
import type { WriteOptions } from "./qdisc-kind.ts";

/** struct tcmsg */
export interface TcHeader {
  readonly ifindex: number;
  readonly handle: number;
  readonly parent: number;
}

/** A discipline or class as the kernel tells it. */
export interface TcRecord extends TcHeader {
  /** References to a discipline; the discipline of a class. */
  readonly info: number;
  readonly kind: string;
  readonly options: Uint8Array;
  readonly attributes: NetlinkAttributes;
}

const TCMSG_OCTETS = 20;

export function writeTc(writer: NetlinkWriter, { ifindex, handle, parent }: TcHeader): void {
  writer.u8(0).u8(0).u16(0).u32(ifindex).u32(handle).u32(parent).u32(0);
}

export function writeTcKind(writer: NetlinkWriter, kind: string, options: WriteOptions): void {
  writer.attributeText(TCA.KIND, kind);
  if (options !== undefined) writer.nestPlain(TCA.OPTIONS, () => options(writer));
}

/** All disciplines or classes. @param flags NLM_F_DUMP */
export function* dumpTc(
  talker: NetlinkTalker,
  request: number,
  answer: number,
  flags: number,
  header: TcHeader,
): Wait<TcRecord[]> {
  const messages = yield* talkMessages(talker, {
    type: request,
    flags,
    write: (writer) => writeTc(writer, header),
  });
  return messages
    .map((message) => decodeTc(message, answer))
    .filter((record): record is TcRecord => record !== undefined);
}

function decodeTc({ type, payload }: NetlinkMessage, wanted: number): TcRecord | undefined {
  if (type !== wanted || payload.length < TCMSG_OCTETS) return undefined;
  const header = new DataView(payload.buffer, payload.byteOffset, TCMSG_OCTETS);
  const attributes = new NetlinkAttributes(payload.subarray(TCMSG_OCTETS));
  return {
    ifindex: header.getInt32(4, true),
    handle: header.getUint32(8, true),
    parent: header.getUint32(12, true),
    info: header.getUint32(16, true),
    kind: attributes.text(TCA.KIND) ?? "",
    options: attributes.bytes(TCA.OPTIONS) ?? new Uint8Array(0),
    attributes,
  };
}
