import type { Wait } from "@dcejs/lkl-kernel";
import { type NetlinkMessage, netlinkMessages, NetlinkWriter, RTM, TCA } from "@dcejs/net-stack";
import type { NetlinkAnswer, NetlinkRequest } from "../../src/netlink/netlink-client.ts";
import { parseTcCommand, runTcWith } from "../../src/tc/tc-language.ts";
import { RecordingClient } from "../ip/recording-client.ts";

/** What a kernel tells of one discipline or class. */
export interface Told {
  readonly kind: string;
  readonly options?: Uint8Array;
  /** struct tc_KIND_xstats */
  readonly own?: Uint8Array;
}

/** Answers dumps of sim0's disciplines and classes with one of handle 1: or class 1:5. */
class AnsweringClient extends RecordingClient {
  readonly #told: Told;

  constructor(told: Told) {
    super();
    this.#told = told;
  }

  override *transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
    const { GETQDISC, GETTCLASS, NEWQDISC, NEWTCLASS } = RTM;
    if (request.type === GETQDISC) return this.#answer(NEWQDISC, 0x1_0000, 0xffff_ffff, 2);
    if (request.type === GETTCLASS) return this.#answer(NEWTCLASS, 0x1_0005, 0x1_0000, 0);
    return yield* super.transact(request);
  }

  #answer(type: number, handle: number, parent: number, info: number): NetlinkAnswer {
    const { kind, options, own } = this.#told;
    const writer = new NetlinkWriter().begin(type, 0, 0, 0);
    writer.u8(0).u8(0).u16(0).u32(2).u32(handle).u32(parent).u32(info);
    writer.attributeText(TCA.KIND, kind);
    if (options !== undefined) writer.attribute(TCA.OPTIONS, options);
    writer.nestPlain(TCA.STATS2, () => {
      writer.attribute(1, words(1000, 0, 10, 0)).attribute(3, words(1, 100, 2, 3, 4));
      if (own !== undefined) writer.attribute(4, own);
    });
    writer.end();
    const messages: NetlinkMessage[] = [...netlinkMessages(writer.bytes())];
    return { errno: 0, extack: undefined, messages };
  }
}

/** Numbers of 32 bits, little-endian. */
export function words(...values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(values.length * 4);
  const view = new DataView(octets.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return octets;
}

/** What a command prints about what a kernel tells. */
export function printed(command: string, told: Told): string {
  const step = runTcWith(parseTcCommand(command), new AnsweringClient(told)).next(0);
  if (step.done !== true) throw new Error("the client answers at once");
  return step.value;
}
