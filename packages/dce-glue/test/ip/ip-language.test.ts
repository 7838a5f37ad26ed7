import { describe, expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { parseIpCommand, runIpWith } from "../../src/ip/ip-language.ts";
import type { AddressRecord, RouteRecord } from "../../src/kernel/rtnl-request.ts";
import { recorded, RecordingClient } from "./recording-client.ts";

function ip(command: string, client = new RecordingClient()): string {
  const step = runIpWith(parseIpCommand(command), ...recorded(client)).next();
  if (step.done !== true) throw new Error("the client answers at once");
  return step.value;
}

function change(command: string): unknown {
  const client = new RecordingClient();
  ip(command, client);
  return client.changes[0];
}

function failure(command: string, client = new RecordingClient()): IpCommandError {
  try {
    ip(command, client);
  } catch (error) {
    if (error instanceof IpCommandError) return error;
    throw error;
  }
  throw new Error(`ip ${command} did not fail`);
}

const TEN = 0x0a00_0001;

describe("commands become rtnetlink records", () => {
  test("addr add", () => {
    expect(change("addr add 10.0.0.1/24 dev sim0")).toEqual({
      type: "RTM_NEWADDR",
      flags: 0x600,
      ifindex: 2,
      local: TEN,
      prefixLength: 24,
    });
  });

  test("an address without length is a host, 127/8 has host scope, brd + is all ones", () => {
    expect(change("a a 127.0.0.2 dev lo")).toMatchObject({ prefixLength: 32, scope: 254 });
    expect(change("addr add 10.0.0.1/24 brd + dev sim0")).toMatchObject({ broadcast: 0x0a00_00ff });
    expect(change("addr add 10.0.0.1/255.255.0.0 dev sim0")).toMatchObject({ prefixLength: 16 });
  });

  test("link set takes several changes at once", () => {
    expect(change("link set dev sim0 mtu 9000 down address 02:00:00:00:00:7 txqueuelen 5")).toEqual(
      {
        type: "RTM_SETLINK",
        ifindex: 2,
        flags: 0,
        flagsMask: 1,
        mtu: 9000,
        address: Uint8Array.of(2, 0, 0, 0, 0, 7),
        txQueueLength: 5,
      },
    );
  });

  test("route add fills in what iproute2 fills in", () => {
    expect(change("route add default via 10.0.0.254")).toEqual({
      type: "RTM_NEWROUTE",
      flags: 0x600,
      destination: 0,
      prefixLength: 0,
      gateway: 0x0a00_00fe,
      routeType: 1,
      protocol: 3,
      table: 254,
      scope: 0,
    });
    expect(change("r a 10.5.0.0/16 dev sim0 metric 7 table 100 src 10.0.0.1 proto static")).toEqual(
      {
        type: "RTM_NEWROUTE",
        flags: 0x600,
        destination: 0x0a05_0000,
        prefixLength: 16,
        ifindex: 2,
        metric: 7,
        table: 100,
        preferredSource: TEN,
        routeType: 1,
        protocol: 4,
        scope: 253,
      },
    );
    expect(change("route add blackhole 10.9.0.0/16")).toMatchObject({ routeType: 6, scope: 0 });
    expect(change("route replace 10.9.0.0/16 dev sim0")).toMatchObject({ flags: 0x500 });
    expect(change("route append 10.9.0.0/16 dev sim0")).toMatchObject({ flags: 0xc00 });
    expect(change("route del 10.9.0.0/16")).toMatchObject({ type: "RTM_DELROUTE", scope: 255 });
  });

  test("neigh add is permanent unless it says otherwise", () => {
    expect(change("n add 10.0.0.9 lladdr 00:00:00:00:00:09 dev sim0")).toMatchObject({
      type: "RTM_NEWNEIGH",
      flags: 0x600,
      ifindex: 2,
      destination: 0x0a00_0009,
      state: 0x80,
    });
    expect(change("neigh replace 10.0.0.9 lladdr 0:0:0:0:0:9 dev sim0 nud stale")).toMatchObject({
      flags: 0x500,
      state: 4,
    });
    expect(change("neighbour delete 10.0.0.9 dev sim0")).toEqual({
      type: "RTM_DELNEIGH",
      ifindex: 2,
      destination: 0x0a00_0009,
    });
  });

  test.each([
    ["a", "address"],
    ["addr", "address"],
    ["address", "address"],
    ["r", "route"],
    ["ro", "route"],
    ["l", "link"],
    ["n", "neighbour"],
    ["neigh", "neighbour"],
    ["neighbour", "neighbour"],
  ])("%s is short for %s", (word, object) => {
    expect(parseIpCommand(`ip ${word}`).object).toBe(object);
  });
});

/** Recorded from iproute2 6.1.0 on Linux 6.18, command and words. */
describe("errors are iproute2's words", () => {
  test.each([
    ["addr add x dev sim0", 'Error: any valid prefix is expected rather than "x".', 1],
    ["-4 addr add x dev sim0", 'Error: inet prefix is expected rather than "x".', 1],
    [
      "addr add 10.0.0.300/24 dev sim0",
      'Error: any valid prefix is expected rather than "10.0.0.300/24".',
      1,
    ],
    [
      "addr add 10.0.0.3/33 dev sim0",
      'Error: any valid prefix is expected rather than "10.0.0.3/33".',
      1,
    ],
    ["addr add 10.0.0.4/24", 'Not enough information: "dev" argument is required.', 1],
    ["addr add 10.0.0.4/24 dev", 'Command line is not complete. Try option "help"', 255],
    ["addr add 10.0.0.4/24 dev sim9", 'Cannot find device "sim9"', 1],
    [
      "addr add 10.0.0.4/24 10.0.0.5/24 dev sim0",
      'Error: either "local" is duplicate, or "10.0.0.5/24" is a garbage.',
      255,
    ],
    ["addr add dev sim0", "RTNETLINK answers: Operation not supported", 2],
    ["addr foo", 'Command "foo" is unknown, try "ip address help".', 255],
    ["addr flush", "Flush requires arguments.", 1],
    ["foo", 'Object "foo" is unknown, try "ip help".', 1],
    ["-x addr", 'Option "-x" is unknown, try "ip -help".', 255],
    ["link set sim9 up", 'Cannot find device "sim9"', 1],
    ["link set up", 'Not enough information: "dev" argument is required.', 255],
    [
      "link set sim0 garbage x",
      'Error: either "dev" is duplicate, or "garbage" is a garbage.',
      255,
    ],
    ["link set sim0 mtu abc", 'Error: argument "abc" is wrong: Invalid "mtu" value', 255],
    ["link set sim0 address zz", '"zz" is invalid lladdr.', 1],
    [
      "link set sim0 txqueuelen abc",
      'Error: argument "abc" is wrong: Invalid "txqueuelen" value',
      255,
    ],
    ["link show sim9", 'Device "sim9" does not exist.', 1],
    ["route add 10.5.0.0/16 dev sim9", 'Cannot find device "sim9"', 1],
    ["route add 10.5.0.0/16 via x", 'Error: inet address is expected rather than "x".', 1],
    [
      "route add 10.5.0.0/16 via 10.0.0.254 metric abc",
      'Error: argument "abc" is wrong: "metric" value is invalid',
      255,
    ],
    [
      "route add 10.5.0.0/16 via 10.0.0.254 scope abc",
      'Error: argument "abc" is wrong: invalid "scope" value',
      255,
    ],
    [
      "route add 10.5.0.0/16 via 10.0.0.254 table abc",
      'Error: argument "abc" is wrong: "table" value is invalid',
      255,
    ],
    [
      "route add 10.5.0.0/16 10.6.0.0/16 via 10.0.0.254",
      'Error: either "to" is duplicate, or "10.6.0.0/16" is a garbage.',
      255,
    ],
    ["route get x", 'Error: any valid prefix is expected rather than "x".', 1],
    ["route get", "need at least a destination address", 1],
    ["route foo", 'Command "foo" is unknown, try "ip route help".', 255],
    ["route flush", '"ip route flush" requires arguments.', 1],
    ["neigh add 10.0.0.10 lladdr zz dev sim0", '"zz" is invalid lladdr.', 1],
    [
      "neigh add 10.0.0.10 lladdr 00:00:00:00:00:0a",
      "Device and destination are required arguments.",
      255,
    ],
    [
      "neigh add 10.0.0.10 lladdr 00:00:00:00:00:0a dev sim0 nud foo",
      'Error: argument "foo" is wrong: nud state is bad',
      255,
    ],
    ["neigh flush", "Flush requires arguments.", 1],
    ["neigh foo", 'Command "foo" is unknown, try "ip neigh help".', 255],
  ])("ip %s", (command, message, exitCode) => {
    const error = failure(command);
    expect(error.message).toBe(message);
    expect(error.exitCode).toBe(exitCode);
    expect(error.command).toBe(command);
  });

  test("the kernel's refusal is its errno's text, or its own message", () => {
    const client = new RecordingClient();
    client.answer = -17;
    const error = failure("route add default via 10.0.0.254", client);
    expect(error.message).toBe("RTNETLINK answers: File exists");
    expect(error).toMatchObject({ exitCode: 2, errno: -17 });
    client.extack = "Nexthop has invalid gateway";
    expect(failure("route add default via 1.2.3.4", client).message).toBe(
      "Error: Nexthop has invalid gateway.",
    );
  });
});

function address(
  local: number,
  prefixLength: number,
  more: Partial<AddressRecord> = {},
): AddressRecord {
  return {
    ifindex: 2,
    local,
    prefixLength,
    broadcast: undefined,
    scope: 0,
    label: "sim0",
    isSecondary: false,
    ...more,
  };
}

function route(destination: number, prefixLength: number, more: Partial<RouteRecord>): RouteRecord {
  return {
    destination,
    prefixLength,
    gateway: undefined,
    ifindex: 2,
    preferredSource: undefined,
    metric: 0,
    scope: 0,
    table: 254,
    type: 1,
    protocol: 3,
    isLinkDown: false,
    ...more,
  };
}

describe("output is iproute2's, blanks at the ends of lines included", () => {
  const client = new RecordingClient();
  client.addresses = [
    address(0x7f00_0001, 8, { ifindex: 1, scope: 254, label: "lo" }),
    address(TEN, 24),
    address(0x0a00_0002, 24, { broadcast: 0x0a00_00ff, isSecondary: true }),
  ];
  client.routes = [
    route(0, 0, { gateway: 0x0a00_00fe }),
    route(0x0a00_0000, 24, { protocol: 2, scope: 253, preferredSource: TEN }),
    route(0x0a05_0000, 16, { scope: 253, metric: 7 }),
    route(0x0a08_0000, 16, { ifindex: undefined, type: 7, metric: 5 }),
  ];
  client.neighbours = [
    { ifindex: 2, destination: 0x0a00_0009, lladdr: Uint8Array.of(0, 0, 0, 0, 0, 10), state: 2 },
  ];

  test("addr show", () => {
    expect(
      ip("addr", client),
    ).toBe(`1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: sim0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP group default qlen 1000
    link/ether 00:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.1/24 scope global sim0
       valid_lft forever preferred_lft forever
    inet 10.0.0.2/24 brd 10.0.0.255 scope global secondary sim0
       valid_lft forever preferred_lft forever
`);
  });

  test("link show, and the brief forms", () => {
    expect(
      ip("link show dev sim0", client),
    ).toBe(`2: sim0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP mode DEFAULT group default qlen 1000
    link/ether 00:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
`);
    expect(ip("-br addr", client)).toBe(
      "lo               UNKNOWN        127.0.0.1/8 \nsim0             UP             10.0.0.1/24 10.0.0.2/24 \n",
    );
    expect(ip("-br link show sim0", client)).toBe(
      "sim0             UP             00:00:00:00:00:01 <BROADCAST,MULTICAST,UP,LOWER_UP> \n",
    );
  });

  test("links without an address, with an address of IP, and of two ends", () => {
    const [loopback, ethernet] = client.links;
    if (loopback === undefined || ethernet === undefined) throw new Error("no links");
    const { broadcast, ...bare } = ethernet;
    const odd = new RecordingClient();
    odd.links = [
      { ...bare, name: "t0", flags: 0x1090, type: 65_534, address: new Uint8Array(0) },
      {
        ...bare,
        name: "g0",
        flags: 0x90,
        type: 778,
        address: Uint8Array.of(10, 0, 0, 1),
        broadcast: Uint8Array.of(10, 0, 0, 2),
      },
    ];
    expect(broadcast).toHaveLength(6);
    const second = ip("link", odd).split("\n");
    expect([second[1], second[3]]).toEqual([
      "    link/none ",
      "    link/gre 10.0.0.1 peer 10.0.0.2",
    ]);
    expect(ip("-br link", odd).split("\n")[0]).toBe(
      "t0               UP             <POINTOPOINT,MULTICAST,NOARP> ",
    );
    expect(JSON.parse(ip("-j link", odd))).toMatchObject([
      { ifname: "t0", link_type: "none" },
      { link_pointtopoint: true, address: "10.0.0.1", broadcast: "10.0.0.2" },
    ]);
  });

  test("route show", () => {
    expect(ip("route", client)).toBe(
      [
        "default via 10.0.0.254 dev sim0 ",
        "10.0.0.0/24 dev sim0 proto kernel scope link src 10.0.0.1 ",
        "10.5.0.0/16 dev sim0 scope link metric 7 ",
        "unreachable 10.8.0.0/16 metric 5 ",
        "",
      ].join("\n"),
    );
    expect(ip("route show dev sim0 10.5.0.0/16", client)).toBe(
      "10.5.0.0/16 scope link metric 7 \n",
    );
  });

  test("neigh show", () => {
    expect(ip("neigh", client)).toBe("10.0.0.9 dev sim0 lladdr 00:00:00:00:00:0a REACHABLE \n");
    expect(ip("neigh show dev sim0", client)).toBe(
      "10.0.0.9 lladdr 00:00:00:00:00:0a REACHABLE \n",
    );
  });

  test("JSON", () => {
    expect(ip("-j route", client)).toBe(
      '[{"dst":"default","gateway":"10.0.0.254","dev":"sim0","flags":[]},{"dst":"10.0.0.0/24","dev":"sim0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.1","flags":[]},{"dst":"10.5.0.0/16","dev":"sim0","scope":"link","metric":7,"flags":[]},{"type":"unreachable","dst":"10.8.0.0/16","metric":5,"flags":[]}]\n',
    );
    expect(ip("-j neigh", client)).toBe(
      '[{"dst":"10.0.0.9","dev":"sim0","lladdr":"00:00:00:00:00:0a","state":["REACHABLE"]}]\n',
    );
    expect(ip("-j -p route show 10.5.0.0/16", client)).toBe(
      '[ {\n        "dst": "10.5.0.0/16",\n        "dev": "sim0",\n        "scope": "link",\n        "metric": 7,\n        "flags": [ ]\n    } ]\n',
    );
    expect(ip("-j addr show dev sim0", client)).toBe(
      '[{"ifindex":2,"ifname":"sim0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"qdisc":"pfifo_fast","operstate":"UP","group":"default","txqlen":1000,"link_type":"ether","address":"00:00:00:00:00:01","broadcast":"ff:ff:ff:ff:ff:ff","addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"global","label":"sim0","valid_life_time":4294967295,"preferred_life_time":4294967295},{"family":"inet","local":"10.0.0.2","prefixlen":24,"broadcast":"10.0.0.255","scope":"global","secondary":true,"label":"sim0","valid_life_time":4294967295,"preferred_life_time":4294967295}]}]\n',
    );
  });

  test("route get", () => {
    const answering = new RecordingClient();
    const cloned = { flags: 0x200, uid: 0 };
    answering.routes = [
      route(0x0102_0304, 32, { gateway: 0x0a00_00fe, preferredSource: TEN, ...cloned }),
    ];
    expect(ip("route get 1.2.3.4", answering)).toBe(
      "1.2.3.4 via 10.0.0.254 dev sim0 src 10.0.0.1 uid 0 \n    cache \n",
    );
    const toUs = { flags: 0x8000_0200, uid: 0 };
    answering.routes = [route(TEN, 32, { ifindex: 1, type: 2, preferredSource: TEN, ...toUs })];
    expect(ip("route get 10.0.0.1", answering)).toBe(
      "local 10.0.0.1 dev lo src 10.0.0.1 uid 0 \n    cache <local> \n",
    );
  });
});

test("flush takes away what show would list, but not permanent neighbours", () => {
  const client = new RecordingClient();
  client.addresses = [address(TEN, 24), address(0x0a00_0002, 24, { isSecondary: true })];
  client.neighbours = [
    { ifindex: 2, destination: 9, lladdr: undefined, state: 0x80 },
    { ifindex: 2, destination: 10, lladdr: undefined, state: 4 },
  ];
  ip("addr flush dev sim0", client);
  ip("neigh flush dev sim0", client);
  expect(client.changes.map((request) => request.type)).toEqual([
    "RTM_DELADDR",
    "RTM_DELADDR",
    "RTM_DELNEIGH",
  ]);
  expect(client.changes[2]).toMatchObject({ destination: 10 });
});
