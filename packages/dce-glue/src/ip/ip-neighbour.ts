import type { Wait } from "@dcejs/lkl-kernel";
import {
  familyOf,
  type IpAddress,
  isSameAddress,
  type LinkRecord,
  type NeighbourRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NUD_NOARP,
  NUD_PERMANENT,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import { garbage, type IpArguments, isShortFor, lookUp } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import {
  addressArgument,
  familyNumber,
  type FamilyWord,
  ipToText,
  lladdrArgument,
  lladdrToText,
  neighbourStateArgument,
  neighbourStatesToText,
} from "./ip-values.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { deviceName, dumpLinks, findDevice, talk } from "./rtnl-client.ts";

/** `ip neighbour …`, parsed. */
export type NeighbourCommand =
  | {
      readonly action: "add" | "change" | "replace" | "delete";
      readonly device: string;
      readonly destination: IpAddress;
      readonly lladdr?: Uint8Array;
      readonly state: number;
    }
  | ({ readonly action: "show" | "flush" } & NeighbourFilter);

interface NeighbourFilter {
  readonly device?: string;
  readonly destination?: IpAddress;
  readonly states?: number;
  /** 0: all. */
  readonly family: number;
}

const ACTIONS: readonly (readonly [string, NeighbourCommand["action"]])[] = [
  ["add", "add"],
  ["change", "change"],
  ["chg", "change"],
  ["replace", "replace"],
  ["delete", "delete"],
  ["show", "show"],
  ["lst", "show"],
  ["list", "show"],
  ["flush", "flush"],
];

export function parseNeighbourCommand(args: IpArguments, family: FamilyWord): NeighbourCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  switch (action) {
    case "add":
    case "change":
    case "replace":
    case "delete":
      return parseModify(action, args, family);
    case "show":
      return { action, ...parseFilter(args, family) };
    case "flush":
      if (args.isEmpty) throw new IpCommandError("Flush requires arguments.", 1);
      return { action, ...parseFilter(args, family) };
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip neigh help".`, 255);
    default:
      return action satisfies never;
  }
}

function parseModify(
  action: "add" | "change" | "replace" | "delete",
  args: IpArguments,
  family: FamilyWord,
): NeighbourCommand {
  let device: string | undefined;
  let destination: IpAddress | undefined;
  let lladdr: Uint8Array | undefined;
  let state = NUD_PERMANENT;
  while (!args.isEmpty) {
    const word = args.take();
    if (isShortFor(word, "lladdr")) lladdr = lladdrArgument(args.take());
    else if (word === "nud") state = neighbourStateArgument(args.take());
    else if (word === "dev") device = args.take();
    else {
      const text = word === "to" ? args.take() : word;
      if (destination !== undefined) throw garbage("to", text);
      destination = addressArgument(text, family);
    }
  }
  if (device === undefined || destination === undefined) {
    throw new IpCommandError("Device and destination are required arguments.", 255);
  }
  return { action, device, destination, state, ...(lladdr === undefined ? {} : { lladdr }) };
}

function parseFilter(args: IpArguments, family: FamilyWord): NeighbourFilter {
  const filter: {
    device?: string;
    destination?: IpAddress;
    states?: number;
    family: number;
  } = { family: familyNumber(family) };
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "dev") filter.device = args.take();
    else if (word === "nud") filter.states = (filter.states ?? 0) | filterState(args.take());
    else filter.destination = addressArgument(word === "to" ? args.take() : word, family);
  }
  return filter;
}

function filterState(word: string): number {
  return word === "all" ? 0xff : neighbourStateArgument(word);
}

const FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: NLM_F_REPLACE,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
} as const;

export function* runNeighbourCommand(
  command: NeighbourCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "show":
      return yield* show(command, client, output);
    case "flush": {
      // As iproute2: entries that were configured stay, unless their state is asked for.
      const states = command.states ?? 0xff & ~(NUD_PERMANENT | NUD_NOARP);
      for (const one of yield* selectNeighbours(client, { ...command, states })) {
        const { ifindex, destination } = one;
        yield* talk(client, { type: "RTM_DELNEIGH", ifindex, destination });
      }
      return "";
    }
    case "delete": {
      const { ifindex } = yield* findDevice(client, command.device);
      const { destination } = command;
      yield* talk(client, { type: "RTM_DELNEIGH", ifindex, destination });
      return "";
    }
    case "add":
    case "change":
    case "replace": {
      const { action, device, ...rest } = command;
      const { ifindex } = yield* findDevice(client, device);
      yield* talk(client, { type: "RTM_NEWNEIGH", flags: FLAGS[action], ifindex, ...rest });
      return "";
    }
    default:
      return command satisfies never;
  }
}

function* selectNeighbours(client: RtnlClient, filter: NeighbourFilter): Wait<NeighbourRecord[]> {
  const device = filter.device === undefined ? undefined : yield* findDevice(client, filter.device);
  const request = {
    type: "RTM_GETNEIGH",
    family: filter.family,
    ...(device === undefined ? {} : { ifindex: device.ifindex }),
    reply: [] as NeighbourRecord[],
  } satisfies RtnlRequest;
  yield* talk(client, request);
  // As iproute2: entries of interfaces without ARP are only shown when asked for.
  const states = filter.states ?? 0xff & ~NUD_NOARP;
  return request.reply.filter(
    (one) =>
      (device === undefined || device.ifindex === one.ifindex) &&
      (filter.destination === undefined || isSameAddress(filter.destination, one.destination)) &&
      (filter.family === 0 || filter.family === familyOf(one.destination)) &&
      (one.state & states) !== 0,
  );
}

function* show(filter: NeighbourFilter, client: RtnlClient, output: IpOutput): Wait<string> {
  const neighbours = yield* selectNeighbours(client, filter);
  const links = yield* dumpLinks(client);
  const showsDevice = filter.device === undefined;
  if (output.isJson) {
    return jsonText(
      neighbours.map((one) => neighbourObject(one, links, showsDevice)),
      output,
    );
  }
  return neighbours.map((one) => neighbourText(one, links, showsDevice)).join("");
}

function neighbourText(
  one: NeighbourRecord,
  links: readonly LinkRecord[],
  showsDevice: boolean,
): string {
  const device = showsDevice ? `dev ${deviceName(links, one.ifindex)} ` : "";
  const lladdr = one.lladdr === undefined ? "" : `lladdr ${lladdrToText(one.lladdr)} `;
  return `${ipToText(one.destination)} ${device}${lladdr}${neighbourStatesToText(one.state).join(",")} \n`;
}

function neighbourObject(
  one: NeighbourRecord,
  links: readonly LinkRecord[],
  showsDevice: boolean,
): Record<string, unknown> {
  return {
    dst: ipToText(one.destination),
    ...(showsDevice ? { dev: deviceName(links, one.ifindex) } : {}),
    ...(one.lladdr === undefined ? {} : { lladdr: lladdrToText(one.lladdr) }),
    state: neighbourStatesToText(one.state),
  };
}
