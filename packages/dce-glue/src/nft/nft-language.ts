import type { Wait } from "@dcejs/lkl-kernel";
import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { NftBatch } from "./nft-batch.ts";
import { NftClient } from "./nft-client.ts";
import type { NftElementChange, NftOneCommand } from "./nft-command.ts";
import { NftCommandError } from "./nft-command-error.ts";
import { parseCommands } from "./nft-command-parser.ts";
import { list, type NftOutput, setOf } from "./nft-listing.ts";

/** Commands of `nft`, parsed. */
export interface NftCommand {
  readonly text: string;
  readonly output: NftOutput;
  readonly commands: readonly NftOneCommand[];
}

/**
 * Parses what stands behind `nft` on a command line: options (-a, -s), and one or more commands with newlines or `;`
 * between them, or the text of a file as `nft list ruleset` prints it.
 * @throws {NftCommandError} in nft's words
 */
export function parseNftCommand(command: string): NftCommand {
  let text = command.replace(/^\s*nft\s+/, "");
  let withHandles = false;
  let isStateless = false;
  for (;;) {
    const option = /^\s*(--?[a-z]+)\s+/.exec(text);
    if (option === null) break;
    if (option[1] === "-a" || option[1] === "--handle") withHandles = true;
    else if (option[1] === "-s" || option[1] === "--stateless") isStateless = true;
    else throw new NftCommandError(`nft: invalid option -- '${option[1]?.replace(/^-+/, "")}'`);
    text = text.slice(option[0].length);
  }
  if (text.trim() === "") throw new NftCommandError("nft: no command specified");
  return { text, output: { withHandles, isStateless }, commands: parseCommands(text) };
}

/**
 * Runs commands on a kernel: changes up to the next list, or to the end, come into force together or not at all.
 * Waits where the kernel does.
 * @returns what `nft` prints on its standard output
 * @throws {NftCommandError}
 */
export function* runNftCommand(command: NftCommand, kernel: NetlinkKernel): Wait<string> {
  const client = nftClient(kernel);
  let text = "";
  let batch = new NftBatch();
  for (const one of command.commands) {
    if (one.action !== "list") {
      if (one.object === "element") yield* addElements(batch, one, command, client);
      else batch.add(one);
      continue;
    }
    if (batch.messages.length > 0) yield* client.commit(batch);
    batch = new NftBatch();
    text += yield* list(one, client, command.output);
  }
  if (batch.messages.length > 0) yield* client.commit(batch);
  return text;
}

/** The set is one of the same commands, or one that the kernel has. */
function* addElements(
  batch: NftBatch,
  change: NftElementChange,
  { commands }: NftCommand,
  client: NftClient,
): Wait<void> {
  const { family, table, set } = change;
  const made = commands.find(
    (one) =>
      one.object === "set" &&
      one.family === family &&
      one.table.text === table.text &&
      one.set.text === set.text,
  );
  const { type, isInterval } =
    made !== undefined && "type" in made ? made : yield* setOf(change, client);
  batch.addElements(change, change.elementsAs(type), isInterval);
}

const clients = new WeakMap<NetlinkKernel, NftClient>();

/** One for each kernel: its sockets stay open. */
function nftClient(kernel: NetlinkKernel): NftClient {
  const known = clients.get(kernel) ?? new NftClient(kernel);
  clients.set(kernel, known);
  return known;
}
