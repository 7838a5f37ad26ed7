import type { Wait } from "@dcejs/lkl-kernel";
import { type AddressCommand, parseAddressCommand, runAddressCommand } from "./ip-address.ts";
import { IpArguments, isShortFor, lookUp } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type LinkCommand, parseLinkCommand, runLinkCommand } from "./ip-link.ts";
import {
  type NeighbourCommand,
  parseNeighbourCommand,
  runNeighbourCommand,
} from "./ip-neighbour.ts";
import { type MptcpCommand, parseMptcpCommand, runMptcpCommand } from "./ip-mptcp.ts";
import type { IpOutput } from "./ip-output.ts";
import { parseRouteCommand, type RouteCommand, runRouteCommand } from "./ip-route.ts";
import { parseRuleCommand, type RuleCommand, runRuleCommand } from "./ip-rule.ts";
import type { FamilyWord } from "./ip-values.ts";
import { type GenericNetlink, genericNetlink } from "../netlink/generic-netlink.ts";
import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { type RtnlClient, rtnetlinkClient } from "../netlink/rtnetlink-client.ts";

/** A command of iproute2's `ip`, parsed: what to do, and how to print. */
export type IpCommand = { readonly text: string; readonly output: IpOutput } & (
  | { readonly object: "address"; readonly command: AddressCommand }
  | { readonly object: "link"; readonly command: LinkCommand }
  | { readonly object: "route"; readonly command: RouteCommand }
  | { readonly object: "neighbour"; readonly command: NeighbourCommand }
  | { readonly object: "rule"; readonly command: RuleCommand }
  | { readonly object: "mptcp"; readonly command: MptcpCommand }
);

/** In the order of ip.c, which decides what an abbreviation means. */
const OBJECTS: readonly (readonly [string, IpCommand["object"]])[] = [
  ["address", "address"],
  ["route", "route"],
  ["rule", "rule"],
  ["neighbor", "neighbour"],
  ["neighbour", "neighbour"],
  ["link", "link"],
  ["mptcp", "mptcp"],
];

/**
 * Parses what stands behind `ip` on a command line: options (-4, -6, -j[son], -p[retty], -br[ief],
 * -f[amily] inet), an object and its command, with iproute2's abbreviations. Devices are looked
 * up later, when the command runs.
 * @param command "addr add 10.0.0.1/24 dev sim0", with or without the leading "ip", or its words
 * @throws {IpCommandError} in iproute2's words
 */
export function parseIpCommand(command: string | readonly string[]): IpCommand {
  const words =
    typeof command === "string" ? command.split(/\s+/).filter((word) => word !== "") : [...command];
  if (words[0] === "ip") words.shift();
  const text = words.join(" ");
  return naming(text, () => {
    const args = new IpArguments(words);
    const { output, family } = parseOptions(args);
    if (args.isEmpty) {
      throw new IpCommandError(
        "Usage: ip [ OPTIONS ] { address | link | route | rule | neigh | mptcp } COMMAND",
        255,
      );
    }
    const word = args.take();
    const object = lookUp(word, OBJECTS);
    switch (object) {
      case "address":
        return { text, output, object, command: parseAddressCommand(args, family) };
      case "link":
        return { text, output, object, command: parseLinkCommand(args) };
      case "route":
        return { text, output, object, command: parseRouteCommand(args, family) };
      case "neighbour":
        return { text, output, object, command: parseNeighbourCommand(args, family) };
      case "rule":
        return { text, output, object, command: parseRuleCommand(args, family) };
      case "mptcp":
        return { text, output, object, command: parseMptcpCommand(args) };
      case undefined:
        throw new IpCommandError(`Object "${word}" is unknown, try "ip help".`, 1);
      default:
        return object satisfies never;
    }
  });
}

function parseOptions(args: IpArguments): { output: IpOutput; family: FamilyWord } {
  let isJson = false;
  let isPretty = false;
  let isBrief = false;
  let showsStatistics = false;
  let family: FamilyWord = "any valid";
  for (let word = args.peek(); word?.startsWith("-"); word = args.peek()) {
    args.take();
    const option = word.startsWith("--") ? word.slice(1) : word;
    if (option === "-4") family = "inet";
    else if (option === "-6") family = "inet6";
    else if (isShortFor(option, "-json") && option.length > 1) isJson = true;
    else if (isShortFor(option, "-pretty") && option.length > 1) isPretty = true;
    else if (isShortFor(option, "-brief") && option.length > 2) isBrief = true;
    else if (isShortFor(option, "-statistics") || isShortFor(option, "-stats")) {
      showsStatistics = true;
    } else if (isShortFor(option, "-family") && option.length > 1) {
      family = familyArgument(args.take());
    } else throw new IpCommandError(`Option "${word}" is unknown, try "ip -help".`, 255);
  }
  return { output: { isJson, isPretty, isBrief, showsStatistics }, family };
}

function familyArgument(word: string): FamilyWord {
  if (word === "inet" || word === "inet6") return word;
  throw new IpCommandError(`Error: argument "${word}" is wrong: invalid protocol family`, 255);
}

/**
 * Runs a command on a kernel. Waits where the kernel does.
 * @returns what `ip` prints on its standard output
 * @throws {IpCommandError}
 */
export function* runIpCommand(command: IpCommand, kernel: NetlinkKernel): Wait<string> {
  return yield* runIpWith(command, rtnetlinkClient(kernel), genericNetlink(kernel));
}

/** As {@link runIpCommand}, with whoever answers rtnetlink and generic netlink. */
export function* runIpWith(
  command: IpCommand,
  client: RtnlClient,
  generic: GenericNetlink,
): Wait<string> {
  try {
    switch (command.object) {
      case "address":
        return yield* runAddressCommand(command.command, client, command.output);
      case "link":
        return yield* runLinkCommand(command.command, client, command.output);
      case "route":
        return yield* runRouteCommand(command.command, client, command.output);
      case "neighbour":
        return yield* runNeighbourCommand(command.command, client, command.output);
      case "rule":
        return yield* runRuleCommand(command.command, client, command.output);
      case "mptcp":
        return yield* runMptcpCommand(command.command, client, generic, command.output);
      default:
        return command satisfies never;
    }
  } catch (error) {
    throw named(error, command.text);
  }
}

function naming<T>(text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw named(error, text);
  }
}

function named(error: unknown, command: string): unknown {
  if (error instanceof IpCommandError && error.command === "") error.command = command;
  return error;
}
