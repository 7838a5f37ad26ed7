import type { Wait } from "@dcejs/lkl-kernel";
import { NLM_F_DUMP, RTM } from "@dcejs/net-stack";
import { type IpArguments, isShortFor, lookUp } from "../ip/ip-arguments.ts";
import { type IpOutput, jsonText } from "../ip/ip-output.ts";
import { deviceName, dumpLinks, findDevice, talkMessages } from "../ip/rtnl-client.ts";
import {
  type LinkRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
} from "../kernel/rtnl-request.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { cakeKind } from "./qdisc-cake.ts";
import { fifo, pfifoFast, plain } from "./qdisc-fifo.ts";
import { fq, fqCodel } from "./qdisc-fq.ts";
import { htb } from "./qdisc-htb.ts";
import { NO_OPTIONS, type QdiscKind, type ShownOptions, type WriteOptions } from "./qdisc-kind.ts";
import { netemKind } from "./qdisc-netem.ts";
import { tbfKind } from "./qdisc-tbf.ts";
import { dumpTc, type TcRecord, writeTc, writeTcKind } from "./tc-message.ts";
import {
  readStatistics,
  statisticsObject,
  statisticsText,
  type TcStatistics,
} from "./tc-statistics.ts";
import {
  classIdFromText,
  classIdToText,
  handleFromText,
  handleToText,
  TC_H_INGRESS,
  TC_H_ROOT,
  TcCommandError,
} from "./tc-values.ts";

export const KINDS: ReadonlyMap<string, QdiscKind> = new Map<string, QdiscKind>([
  ["pfifo", fifo("pfifo", "p")],
  ["bfifo", fifo("bfifo", "b")],
  ["pfifo_head_drop", fifo("pfifo_head_drop", "p")],
  ["pfifo_fast", pfifoFast],
  ["netem", netemKind],
  ["tbf", tbfKind],
  ["htb", htb],
  ["fq", fq],
  ["fq_codel", fqCodel],
  ["cake", cakeKind],
  ["noqueue", plain],
  ["mq", plain],
  ["ingress", plain],
  ["clsact", plain],
]);

/** `tc qdisc …`, parsed. */
export type QdiscCommand =
  | { readonly action: "show"; readonly device?: string }
  | {
      readonly action: "add" | "change" | "replace" | "link" | "delete";
      readonly device?: string;
      readonly parent: number;
      readonly handle: number;
      readonly kind?: string;
      readonly options: WriteOptions;
    };

const ACTIONS: readonly (readonly [string, QdiscCommand["action"]])[] = [
  ["add", "add"],
  ["change", "change"],
  ["replace", "replace"],
  ["link", "link"],
  ["delete", "delete"],
  ["list", "show"],
  ["show", "show"],
  ["lst", "show"],
];

export function parseQdiscCommand(args: IpArguments): QdiscCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  if (action === undefined) {
    throw new TcCommandError(`Command "${word}" is unknown, try "tc qdisc help".`, 1);
  }
  return action === "show" ? { action, ...parseShow(args) } : { action, ...parseModify(args) };
}

function parseShow(args: IpArguments): { device?: string } {
  const filter: { device?: string } = {};
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "dev") filter.device = args.take();
    // Words that select further are taken as tc takes them; what there is fits all of them.
    else if (word !== "root" && word !== "invisible") {
      throw new TcCommandError(`What is "${word}"? Try "tc qdisc help".`, 1);
    }
  }
  return filter;
}

interface Place {
  device?: string;
  parent: number;
  handle: number;
  kind?: string;
  options: WriteOptions;
}

function parseModify(args: IpArguments): Place {
  const place: Place = { parent: 0, handle: 0, options: undefined };
  while (!args.isEmpty && place.kind === undefined) placeWord(place, args.take(), args);
  return place;
}

function placeWord(place: Place, word: string, args: IpArguments): void {
  if (word === "dev") place.device = args.take();
  else if (word === "handle") {
    const text = args.take();
    const handle = handleFromText(text);
    if (handle === undefined) throw wrong("invalid qdisc ID", text);
    place.handle = handle;
  } else if (word === "root") setParent(place, TC_H_ROOT, word);
  else if (word === "ingress" || word === "clsact") {
    setParent(place, TC_H_INGRESS, word);
    place.kind = word;
    place.handle = 0xffff_0000;
  } else if (isShortFor(word, "parent") && word.length > 0) {
    const text = args.take();
    const parent = classIdFromText(text);
    if (parent === undefined) throw wrong("invalid parent ID", text);
    setParent(place, parent, word);
  } else {
    place.kind = word;
    place.options = parseKind(word, args);
  }
}

function setParent(place: Place, parent: number, word: string): void {
  if (place.parent !== 0) {
    throw new TcCommandError(`Error: "${word}" is a duplicate parent ID`, 255);
  }
  place.parent = parent;
}

export function wrong(message: string, word: string): TcCommandError {
  return new TcCommandError(`Error: argument "${word}" is wrong: ${message}`, 255);
}

/** A kind that this language does not know goes without options, and the kernel says what it thinks. */
function parseKind(kind: string, args: IpArguments): WriteOptions {
  const known = KINDS.get(kind);
  if (known !== undefined) return known.parse(args);
  if (args.isEmpty) return undefined;
  throw new TcCommandError(
    `Unknown qdisc "${kind}", hence option "${args.take()}" is unparsable`,
    1,
  );
}

const FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: 0,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  link: NLM_F_REPLACE,
  delete: 0,
} as const;

export function* runQdiscCommand(
  command: QdiscCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  if (command.action === "show") return yield* showQdiscs(command.device, client, output);
  const { action, device, kind, options, handle, parent } = command;
  const ifindex = device === undefined ? 0 : (yield* findDevice(client, device)).ifindex;
  yield* talkMessages(client, {
    type: action === "delete" ? RTM.DELQDISC : RTM.NEWQDISC,
    flags: FLAGS[action],
    write: (writer) => {
      writeTc(writer, { ifindex, handle, parent });
      if (kind !== undefined) writeTcKind(writer, kind, options);
    },
  });
  return "";
}

function* showQdiscs(
  device: string | undefined,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  const links = yield* dumpLinks(client);
  const chosen = device === undefined ? undefined : yield* findDevice(client, device);
  const header = { ifindex: chosen?.ifindex ?? 0, handle: 0, parent: 0 };
  const records = yield* dumpTc(client, RTM.GETQDISC, RTM.NEWQDISC, NLM_F_DUMP, header);
  const shown = records.filter(({ ifindex }) => chosen === undefined || ifindex === chosen.ifindex);
  if (output.isJson) {
    return jsonText(
      shown.map((record) => qdiscObject(record, chosen, links, output)),
      output,
    );
  }
  return shown.map((record) => qdiscText(record, chosen, links, output)).join("");
}

function qdiscText(
  record: TcRecord,
  chosen: LinkRecord | undefined,
  links: readonly LinkRecord[],
  output: IpOutput,
): string {
  const { kind, handle, parent, info } = record;
  const device = chosen === undefined ? `dev ${deviceName(links, record.ifindex)} ` : "";
  const place =
    parent === TC_H_ROOT ? "root " : parent === 0 ? "" : `parent ${classIdToText(parent)} `;
  const references = info === 1 || parent !== TC_H_ROOT ? "" : `refcnt ${info} `;
  const options = KINDS.get(kind)?.show(record.options) ?? NO_OPTIONS;
  const statistics = output.showsStatistics ? readStatistics(record.attributes) : undefined;
  return (
    `qdisc ${kind} ${handleToText(handle)} ${device}${place}${references}${options.text}\n` +
    (statistics === undefined ? "" : statisticsText(statistics)) +
    ownOf(kind, statistics).text
  );
}

function qdiscObject(
  record: TcRecord,
  chosen: LinkRecord | undefined,
  links: readonly LinkRecord[],
  output: IpOutput,
): Record<string, unknown> {
  const { kind, handle, parent, info } = record;
  const statistics = output.showsStatistics ? readStatistics(record.attributes) : undefined;
  return {
    kind,
    handle: handleToText(handle),
    ...(chosen === undefined ? { dev: deviceName(links, record.ifindex) } : {}),
    ...(parent === TC_H_ROOT ? { root: true } : {}),
    ...(parent === TC_H_ROOT || parent === 0 ? {} : { parent: classIdToText(parent) }),
    ...(info === 1 || parent !== TC_H_ROOT ? {} : { refcnt: info }),
    options: KINDS.get(kind)?.show(record.options).json ?? {},
    ...(statistics === undefined ? {} : statisticsObject(statistics)),
    ...ownOf(kind, statistics).json,
  };
}

/** What only this discipline counts. */
function ownOf(kind: string, statistics: TcStatistics | undefined): ShownOptions {
  const own = statistics?.own;
  return (own === undefined ? undefined : KINDS.get(kind)?.showOwn?.(own)) ?? NO_OPTIONS;
}
