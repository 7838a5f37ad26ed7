import type { Wait } from "@dcejs/lkl-kernel";
import { NLM_F_DUMP, RTM, TCA } from "@dcejs/net-stack";
import { type IpArguments, isShortFor, lookUp } from "../ip/ip-arguments.ts";
import type { IpOutput } from "../ip/ip-output.ts";
import { findDevice, talkMessages } from "../ip/rtnl-client.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../kernel/rtnl-request.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { parseHtbClass, showHtbClass, showHtbStatistics } from "./qdisc-htb.ts";
import type { WriteOptions } from "./qdisc-kind.ts";
import { dumpTc, type TcRecord, writeTc, writeTcKind } from "./tc-message.ts";
import { KINDS, wrong } from "./tc-qdisc.ts";
import { readStatistics, statisticsText } from "./tc-statistics.ts";
import {
  classIdFromText,
  classIdToText,
  handleFromText,
  handleToText,
  TC_H_ROOT,
  TcCommandError,
} from "./tc-values.ts";

/** `tc class …`, parsed. */
export type ClassCommand =
  | { readonly action: "show"; readonly device?: string; readonly classId?: number }
  | {
      readonly action: "add" | "change" | "replace" | "delete";
      readonly device?: string;
      readonly parent: number;
      readonly classId: number;
      readonly kind?: string;
      readonly options: WriteOptions;
    };

const ACTIONS: readonly (readonly [string, ClassCommand["action"]])[] = [
  ["add", "add"],
  ["change", "change"],
  ["replace", "replace"],
  ["delete", "delete"],
  ["list", "show"],
  ["show", "show"],
  ["lst", "show"],
];

export function parseClassCommand(args: IpArguments): ClassCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  if (action === undefined) {
    throw new TcCommandError(`Command "${word}" is unknown, try "tc class help".`, 1);
  }
  return action === "show" ? { action, ...parseShow(args) } : { action, ...parseModify(args) };
}

function parseShow(args: IpArguments): { device?: string; classId?: number } {
  const filter: { device?: string; classId?: number } = {};
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "dev") filter.device = args.take();
    else if (word === "classid") filter.classId = classId(args, "invalid class ID");
    else if (word === "root") continue;
    else if (word === "parent") classId(args, "invalid parent ID");
    else if (word === "qdisc") handleFromText(args.take());
    else throw new TcCommandError(`What is "${word}"? Try "tc class help".`, 1);
  }
  return filter;
}

function classId(args: IpArguments, message: string): number {
  const text = args.take();
  const id = classIdFromText(text);
  if (id === undefined) throw wrong(message, text);
  return id;
}

interface Place {
  device?: string;
  parent: number;
  classId: number;
  kind?: string;
  options: WriteOptions;
}

function parseModify(args: IpArguments): Place {
  const place: Place = { parent: 0, classId: 0, options: undefined };
  while (!args.isEmpty && place.kind === undefined) {
    const word = args.take();
    if (word === "dev") place.device = args.take();
    else if (word === "classid") place.classId = classId(args, "invalid class ID");
    else if (word === "root") place.parent = TC_H_ROOT;
    else if (isShortFor(word, "parent")) place.parent = classId(args, "invalid parent ID");
    else {
      place.kind = word;
      if (word === "htb") place.options = parseHtbClass(args);
      else if (!args.isEmpty) {
        throw new TcCommandError(`Error: Qdisc "${word}" is classless.`, 1);
      }
    }
  }
  return place;
}

const FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: 0,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  delete: 0,
} as const;

export function* runClassCommand(
  command: ClassCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  if (command.action === "show") return yield* showClasses(command, client, output);
  const { action, device, kind, options, parent } = command;
  const ifindex = device === undefined ? 0 : (yield* findDevice(client, device)).ifindex;
  yield* talkMessages(client, {
    type: action === "delete" ? RTM.DELTCLASS : RTM.NEWTCLASS,
    flags: FLAGS[action],
    write: (writer) => {
      writeTc(writer, { ifindex, handle: command.classId, parent });
      if (kind !== undefined) writeTcKind(writer, kind, options);
    },
  });
  return "";
}

/** Without a device there is nothing to see. iproute2 6.1 prints classes as text, also with -j. */
function* showClasses(
  filter: { readonly device?: string; readonly classId?: number },
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  if (filter.device === undefined) return "";
  const { ifindex } = yield* findDevice(client, filter.device);
  const header = { ifindex, handle: 0, parent: 0 };
  const records = yield* dumpTc(client, RTM.GETTCLASS, RTM.NEWTCLASS, NLM_F_DUMP, header);
  return records
    .filter(
      (one) =>
        one.ifindex === ifindex && (filter.classId === undefined || one.handle === filter.classId),
    )
    .map((one) => classText(one, output))
    .join("");
}

function classText(record: TcRecord, output: IpOutput): string {
  const { kind, handle, parent, info } = record;
  const place = parent === TC_H_ROOT ? "root " : `parent ${classIdToText(parent)} `;
  const leaf = info === 0 ? "" : `leaf ${handleToText(info)} `;
  const options = kind === "htb" ? showHtbClass(record.options) : "";
  const line = `class ${kind} ${classIdToText(handle)} ${place}${leaf}${options}\n`;
  if (!output.showsStatistics || !record.attributes.has(TCA.STATS2)) return line;
  const statistics = readStatistics(record.attributes);
  if (statistics === undefined) return `${line}\n`;
  return line + statisticsText(statistics) + ownText(kind, statistics.own);
}

function ownText(kind: string, own: Uint8Array | undefined): string {
  if (own === undefined) return "";
  return kind === "htb"
    ? `${showHtbStatistics(own)}\n`
    : (KINDS.get(kind)?.showOwn?.(own).text ?? "");
}
