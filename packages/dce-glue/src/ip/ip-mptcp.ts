import type { Wait } from "@dcejs/lkl-kernel";
import { NetlinkAttributes, type NetlinkWriter, NLM_F_DUMP } from "@dcejs/net-stack";
import { errorText } from "../kernel/error-text.ts";
import {
  addressFromOctets,
  addressOctets,
  familyOf,
  type IpAddress,
  type LinkRecord,
} from "../kernel/rtnl-request.ts";
import { type GenericNetlink, GENL_HDRLEN } from "../netlink/generic-netlink.ts";
import type { NetlinkAnswer } from "../netlink/netlink-client.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { AF_INET } from "../posix/socket-address.ts";
import {
  type IpArguments,
  invalidArgument,
  isShortFor,
  lookUp,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import { addressArgument, ipToText } from "./ip-values.ts";
import { deviceName, dumpLinks, findDevice } from "./rtnl-client.ts";

const FAMILY = "mptcp_pm";
const VERSION = 1;

/** MPTCP_PM_CMD_* */
const CMD_ADD_ADDR = 1;
const CMD_DEL_ADDR = 2;
const CMD_GET_ADDR = 3;
const CMD_FLUSH_ADDRS = 4;
const CMD_SET_LIMITS = 5;
const CMD_GET_LIMITS = 6;
const CMD_SET_FLAGS = 7;

/** MPTCP_PM_ATTR_* and MPTCP_PM_ADDR_ATTR_* */
const ATTR_ADDR = 1;
const ATTR_RCV_ADD_ADDRS = 2;
const ATTR_SUBFLOWS = 3;
const ADDR_FAMILY = 1;
const ADDR_ID = 2;
const ADDR_ADDR4 = 3;
const ADDR_ADDR6 = 4;
const ADDR_PORT = 5;
const ADDR_FLAGS = 6;
const ADDR_IF_IDX = 7;

/** MPTCP_PM_ADDR_FLAG_*, in the order in which they are printed. */
const FLAGS: readonly (readonly [string, number])[] = [
  ["signal", 1],
  ["subflow", 2],
  ["backup", 4],
  ["fullmesh", 8],
  ["implicit", 16],
];
const FLAG_SIGNAL = 1;
const FLAG_FULLMESH = 8;

interface Endpoint {
  readonly address?: IpAddress;
  readonly id?: number;
  readonly port?: number;
  readonly flags: number;
  readonly device?: string;
  readonly ifindex?: number;
}

/** `ip mptcp …`, parsed. */
export type MptcpCommand =
  | { readonly action: "add" | "delete" | "change"; readonly endpoint: Endpoint }
  | { readonly action: "show"; readonly id?: number }
  | { readonly action: "flush" | "limits" }
  | { readonly action: "set-limits"; readonly subflows?: number; readonly accepted?: number };

const OBJECTS: readonly (readonly [string, "endpoint" | "limits"])[] = [
  ["endpoint", "endpoint"],
  ["limits", "limits"],
];
const ENDPOINT_ACTIONS: readonly (readonly [
  string,
  "add" | "delete" | "change" | "show" | "flush",
])[] = [
  ["add", "add"],
  ["change", "change"],
  ["delete", "delete"],
  ["show", "show"],
  ["flush", "flush"],
];

export function parseMptcpCommand(args: IpArguments): MptcpCommand {
  const word = args.take();
  const object = lookUp(word, OBJECTS);
  if (object === undefined) throw unknown(word);
  return object === "limits" ? parseLimits(args) : parseEndpointCommand(args);
}

function unknown(word: string): IpCommandError {
  return new IpCommandError(`Command "${word}" is unknown, try "ip mptcp help".`, 255);
}

function parseLimits(args: IpArguments): MptcpCommand {
  const word = args.isEmpty ? "show" : args.take();
  if (isShortFor(word, "show")) return { action: "limits" };
  if (word !== "set") throw unknown(word);
  const limits: { subflows?: number; accepted?: number } = {};
  while (!args.isEmpty) {
    const name = args.take();
    if (isShortFor(name, "subflows")) limits.subflows = number(args.take(), "invalid subflows");
    else if (name === "add_addr_accepted") {
      limits.accepted = number(args.take(), "invalid add_addr_accepted");
    } else throw invalidArgument("unknown limit", name);
  }
  return { action: "set-limits", ...limits };
}

function number(word: string, message: string, max = 0xffff_ffff): number {
  return unsignedArgument(word, message, max);
}

function parseEndpointCommand(args: IpArguments): MptcpCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ENDPOINT_ACTIONS);
  switch (action) {
    case undefined:
      throw unknown(word);
    case "flush":
      return { action };
    case "show": {
      const { id } = parseEndpoint(args, "show");
      return { action, ...(id === undefined ? {} : { id }) };
    }
    case "add":
    case "delete":
    case "change":
      return { action, endpoint: parseEndpoint(args, action) };
    default:
      return action satisfies never;
  }
}

type Words = { -readonly [K in keyof Endpoint]: Endpoint[K] };

function parseEndpoint(args: IpArguments, action: "add" | "delete" | "change" | "show"): Endpoint {
  const words: Words = { flags: 0 };
  while (!args.isEmpty) {
    const word = args.take();
    const flag = FLAGS.find(([name]) => name === word);
    if (flag !== undefined) words.flags |= flag[1];
    else if (word === "nobackup" || word === "nofullmesh") {
      // The flags that are not given are those that go.
    } else if (isShortFor(word, "id")) words.id = number(args.take(), "invalid ID", 255);
    else if (isShortFor(word, "dev")) words.device = args.take();
    else if (isShortFor(word, "port")) words.port = number(args.take(), "expected port", 65_535);
    else words.address = addressArgument(word, "any valid");
  }
  if ((words.flags & (FLAG_SIGNAL | FLAG_FULLMESH)) === (FLAG_SIGNAL | FLAG_FULLMESH)) {
    throw invalidArgument("flags mustn't have both signal and fullmesh", "fullmesh");
  }
  if (action === "add" && words.address === undefined) throw missing("ADDRESS");
  if (action === "delete" && words.id === undefined && words.address === undefined) {
    throw missing("ID");
  }
  return words;
}

function missing(name: string): IpCommandError {
  return new IpCommandError(`Error: argument "${name}" is required`, 255);
}

export function* runMptcpCommand(
  command: MptcpCommand,
  client: RtnlClient,
  generic: GenericNetlink,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "add":
    case "delete":
    case "change":
      yield* changeEndpoint(command.action, command.endpoint, client, generic);
      return "";
    case "flush":
      yield* ask(generic, CMD_FLUSH_ADDRS, 0, () => {});
      return "";
    case "show":
      return yield* showEndpoints(command.id, client, generic, output);
    case "limits":
      return yield* showLimits(generic);
    case "set-limits":
      yield* ask(generic, CMD_SET_LIMITS, 0, (writer) => {
        const { accepted, subflows } = command;
        if (accepted !== undefined) writer.attributeU32(ATTR_RCV_ADD_ADDRS, accepted);
        if (subflows !== undefined) writer.attributeU32(ATTR_SUBFLOWS, subflows);
      });
      return "";
    default:
      return command satisfies never;
  }
}

function* ask(
  generic: GenericNetlink,
  command: number,
  flags: number,
  write: (writer: NetlinkWriter) => void,
): Wait<NetlinkAnswer["messages"]> {
  const answer = yield* generic.transact(FAMILY, { command, version: VERSION, flags, write });
  const { errno, extack, messages } = answer;
  if (errno >= 0) return messages;
  const text =
    extack === undefined ? `RTNETLINK answers: ${errorText(errno)}` : `Error: ${extack}.`;
  throw new IpCommandError(text, 2, errno);
}

const COMMANDS = { add: CMD_ADD_ADDR, delete: CMD_DEL_ADDR, change: CMD_SET_FLAGS } as const;

function* changeEndpoint(
  action: "add" | "delete" | "change",
  endpoint: Endpoint,
  client: RtnlClient,
  generic: GenericNetlink,
): Wait<void> {
  const { address, id, port, flags, device } = endpoint;
  const ifindex = device === undefined ? undefined : (yield* findDevice(client, device)).ifindex;
  yield* ask(generic, COMMANDS[action], 0, (writer) => {
    writer.nest(ATTR_ADDR, () => {
      if (id !== undefined) writer.attributeU8(ADDR_ID, id);
      if (flags !== 0 || action === "change") writer.attributeU32(ADDR_FLAGS, flags);
      if (ifindex !== undefined) writer.attributeU32(ADDR_IF_IDX, ifindex);
      if (port !== undefined) writer.attributeU16(ADDR_PORT, port);
      if (address === undefined) return;
      writer.attributeU16(ADDR_FAMILY, familyOf(address));
      const type = familyOf(address) === AF_INET ? ADDR_ADDR4 : ADDR_ADDR6;
      writer.attribute(type, addressOctets(address));
    });
  });
}

function* showEndpoints(
  id: number | undefined,
  client: RtnlClient,
  generic: GenericNetlink,
  output: IpOutput,
): Wait<string> {
  const messages = yield* ask(
    generic,
    CMD_GET_ADDR,
    id === undefined ? NLM_F_DUMP : 0,
    (writer) => {
      if (id === undefined) return;
      writer.nest(ATTR_ADDR, () => writer.attributeU8(ADDR_ID, id));
    },
  );
  const links = yield* dumpLinks(client);
  const objects = messages
    .map(({ payload }) => new NetlinkAttributes(payload.subarray(GENL_HDRLEN)).nested(ATTR_ADDR))
    .filter((nest): nest is NetlinkAttributes => nest !== undefined)
    .map((nest) => endpointObject(nest, links));
  if (output.isJson) return jsonText(objects, output);
  return objects.map((object) => `${endpointText(object)}\n`).join("");
}

function endpointObject(
  nest: NetlinkAttributes,
  links: readonly LinkRecord[],
): Record<string, string | number | true> {
  const octets = nest.bytes(ADDR_ADDR4) ?? nest.bytes(ADDR_ADDR6);
  const port = nest.u16(ADDR_PORT) ?? 0;
  const flags = nest.u32(ADDR_FLAGS) ?? 0;
  const ifindex = nest.u32(ADDR_IF_IDX) ?? 0;
  const names = FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(
    ([name]) => [name, true] as const,
  );
  return {
    ...(octets === undefined ? {} : { address: ipToText(addressFromOctets(octets)) }),
    ...(port === 0 ? {} : { port }),
    id: nest.u8(ADDR_ID) ?? 0,
    ...Object.fromEntries(names),
    ...(ifindex === 0 ? {} : { dev: deviceName(links, ifindex) }),
  };
}

function endpointText(object: Readonly<Record<string, string | number | true>>): string {
  return Object.entries(object)
    .map(([name, value]) => {
      if (value === true) return `${name} `;
      return name === "address" ? `${value} ` : `${name} ${value} `;
    })
    .join("");
}

/** iproute2 6.1 prints the limits as text, also with -j. */
function* showLimits(generic: GenericNetlink): Wait<string> {
  const [message] = yield* ask(generic, CMD_GET_LIMITS, 0, () => {});
  if (message === undefined) return "";
  const attributes = new NetlinkAttributes(message.payload.subarray(GENL_HDRLEN));
  const accepted = attributes.u32(ATTR_RCV_ADD_ADDRS) ?? 0;
  return `add_addr_accepted ${accepted} subflows ${attributes.u32(ATTR_SUBFLOWS) ?? 0} \n`;
}
