import {
  AF_INET,
  IPPROTO_UDP,
  type Main,
  type Posix,
  SO_MARK,
  SO_PRIORITY,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails } from "../expectation.ts";
import { LOOPBACK, program } from "./kinds.ts";

const USER = 1000;
const UNPRIVILEGED_PORT_START = "net.ipv4.ip_unprivileged_port_start";

/** A test that is one program of a user on one host. */
function userProgram(
  name: string,
  source: string,
  main: Main,
  parameters: Readonly<Record<string, number>> = {},
): ConformanceTest {
  return {
    name,
    source,
    run: async (bed) => {
      const host = bed.host("host");
      for (const [path, value] of Object.entries(parameters)) host.sysctl(path, value);
      host.start(main, { uid: USER });
      await bed.run();
    },
  };
}

async function bind(posix: Posix, type: number, port: number): Promise<void> {
  await posix.bind(await posix.socket(AF_INET, type), { address: LOOPBACK, port });
}

async function rawSocket(posix: Posix): Promise<void> {
  await posix.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
}

export const privilegeTests: readonly ConformanceTest[] = [
  userProgram(
    "privileged_ports",
    "ip(7), capabilities(7) CAP_NET_BIND_SERVICE: ports below 1024 are root's: EACCES",
    async (posix) => {
      for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
        await fails("EACCES", () => bind(posix, type, 1023), `port 1023 of type ${type}`);
        await bind(posix, type, 1024);
        await bind(posix, type, 0);
      }
    },
  ),
  userProgram(
    "unprivileged_port_start",
    "ip-sysctl ip_unprivileged_port_start: the first port that everybody may have",
    async (posix) => {
      await fails("EACCES", () => bind(posix, SOCK_STREAM, 79), "port 79");
      await bind(posix, SOCK_STREAM, 80);
    },
    { [UNPRIVILEGED_PORT_START]: 80 },
  ),
  userProgram("raw_is_for_root", "raw(7), capabilities(7) CAP_NET_RAW: EPERM", async (posix) => {
    await fails("EPERM", () => rawSocket(posix), "socket");
  }),
  userProgram(
    "options_for_root",
    "socket(7) SO_MARK, SO_PRIORITY: a mark, and a priority above 6, are an administrator's: EPERM",
    async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      const set = (name: number, value: number) =>
        posix.setsockopt(socket, SOL_SOCKET, name, value);
      await set(SO_PRIORITY, 6);
      await fails("EPERM", () => set(SO_PRIORITY, 7), "SO_PRIORITY");
      await fails("EPERM", () => set(SO_MARK, 1), "SO_MARK");
    },
  ),
  program(
    "effective_user",
    "credentials(7): the effective user decides, at each call",
    async (posix) => {
      await bind(posix, SOCK_STREAM, 80);
      await rawSocket(posix);
      await posix.seteuid(USER);
      await fails("EACCES", () => bind(posix, SOCK_STREAM, 81), "bind as a user");
      await fails("EPERM", () => rawSocket(posix), "a raw socket as a user");
      await posix.seteuid(0);
      await bind(posix, SOCK_STREAM, 81);
      await rawSocket(posix);
    },
  ),
];
