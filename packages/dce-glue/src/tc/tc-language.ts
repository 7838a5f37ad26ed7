import type { Wait } from "@dcejs/lkl-kernel";
import { IpArguments, isShortFor, lookUp } from "../ip/ip-arguments.ts";
import { IpCommandError } from "../ip/ip-command-error.ts";
import type { IpOutput } from "../ip/ip-output.ts";
import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { type RtnlClient, rtnetlinkClient } from "../netlink/rtnetlink-client.ts";
import { type ClassCommand, parseClassCommand, runClassCommand } from "./tc-class.ts";
import { parseQdiscCommand, type QdiscCommand, runQdiscCommand } from "./tc-qdisc.ts";
import { TcCommandError } from "./tc-values.ts";

/** A command of iproute2's `tc`, parsed: what to do, and how to print. */
export type TcCommand = { readonly text: string; readonly output: IpOutput } & (
  | { readonly object: "qdisc"; readonly command: QdiscCommand }
  | { readonly object: "class"; readonly command: ClassCommand }
);

const OBJECTS: readonly (readonly [string, TcCommand["object"]])[] = [
  ["qdisc", "qdisc"],
  ["class", "class"],
];

/**
 * Parses what stands behind `tc` on a command line: options (-s[tatistics], -j[son], -p[retty]),
 * `qdisc` or `class`, and its command.
 * @param command "qdisc add dev sim0 root netem delay 50ms", with or without the leading "tc", or its words
 * @throws {TcCommandError} in iproute2's words
 */
export function parseTcCommand(command: string | readonly string[]): TcCommand {
  const words =
    typeof command === "string" ? command.split(/\s+/).filter((word) => word !== "") : [...command];
  if (words[0] === "tc") words.shift();
  const text = words.join(" ");
  try {
    return parseWords(text, new IpArguments(words));
  } catch (error) {
    throw named(error, text);
  }
}

function parseWords(text: string, args: IpArguments): TcCommand {
  const output = parseOptions(args);
  if (args.isEmpty)
    throw new TcCommandError("Usage: tc [ OPTIONS ] { qdisc | class } COMMAND", 255);
  const word = args.take();
  const object = lookUp(word, OBJECTS);
  switch (object) {
    case "qdisc":
      return { text, output, object, command: parseQdiscCommand(args) };
    case "class":
      return { text, output, object, command: parseClassCommand(args) };
    case undefined:
      throw new TcCommandError(`Object "${word}" is unknown, try "tc help".`, 1);
    default:
      return object satisfies never;
  }
}

function parseOptions(args: IpArguments): IpOutput {
  let isJson = false;
  let isPretty = false;
  let showsStatistics = false;
  for (let word = args.peek(); word?.startsWith("-"); word = args.peek()) {
    args.take();
    const option = word.startsWith("--") ? word.slice(1) : word;
    if (option.length > 1 && isShortFor(option, "-json")) isJson = true;
    else if (option.length > 1 && isShortFor(option, "-pretty")) isPretty = true;
    else if (option.length > 1 && (isShortFor(option, "-statistics") || option === "-stats")) {
      showsStatistics = true;
    } else throw new TcCommandError(`Option "${word}" is unknown, try "tc -help".`, 255);
  }
  return { isJson, isPretty, isBrief: false, showsStatistics };
}

/**
 * Runs a command on a kernel. Waits where the kernel does.
 * @returns what `tc` prints on its standard output
 * @throws {IpCommandError}
 */
export function* runTcCommand(command: TcCommand, kernel: NetlinkKernel): Wait<string> {
  return yield* runTcWith(command, rtnetlinkClient(kernel));
}

/** As {@link runTcCommand}, with whoever answers rtnetlink. */
export function* runTcWith(command: TcCommand, client: RtnlClient): Wait<string> {
  try {
    return command.object === "qdisc"
      ? yield* runQdiscCommand(command.command, client, command.output)
      : yield* runClassCommand(command.command, client, command.output);
  } catch (error) {
    throw named(error, command.text);
  }
}

function named(error: unknown, command: string): unknown {
  if (error instanceof IpCommandError && error.command === "") error.command = command;
  return error;
}
