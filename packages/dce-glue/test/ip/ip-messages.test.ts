import { netlinkAttributes, NetlinkWriter, type NetlinkMessage } from "@dcejs/net-stack";
import { expect, test } from "vitest";
import { parseIpCommand, runIpWith } from "../../src/ip/ip-language.ts";
import { GenericNetlink } from "../../src/netlink/generic-netlink.ts";
import type { NetlinkAnswer, NetlinkRequest } from "../../src/netlink/netlink-client.ts";
import type { Wait } from "@dcejs/lkl-kernel";
import { RecordingClient } from "./recording-client.ts";

/** Answers the question for a family's number, and notes the rest. */
class GenericRecorder extends RecordingClient {
  override *transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
    if (request.type !== 16) return yield* super.transact(request);
    const payload = new NetlinkWriter().u8(1).u8(2).u16(0).attributeU16(1, 28).bytes();
    const message: NetlinkMessage = { type: 16, flags: 0, seq: 0, portid: 0, payload };
    return { errno: 0, extack: undefined, messages: [message] };
  }
}

function messagesOf(command: string): { type: number; flags: number; payload: Uint8Array }[] {
  const client = new RecordingClient();
  const generic = new GenericRecorder();
  const step = runIpWith(parseIpCommand(command), client, new GenericNetlink(generic)).next();
  expect(step.done).toBe(true);
  return [...client.messages, ...generic.messages];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

function octets(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}

/** Attributes have no order, and iproute2 leaves NLA_F_NESTED out: nests are compared as nests. */
function normal(payload: Uint8Array, header: number, nests: readonly number[]): unknown {
  const attributes = [...netlinkAttributes(payload.subarray(header))]
    .map(({ type, value }) => [
      type,
      nests[0] === type ? normal(value, 0, nests.slice(1)) : hex(value),
    ])
    .toSorted(([a], [b]) => Number(a) - Number(b));
  return [hex(payload.subarray(0, header)), attributes];
}

/** Recorded from iproute2 6.1.0: type, flags without REQUEST and ACK, and what follows the header. */
test.each([
  [
    "link add veth0 mtu 1300 type veth peer name veth1",
    16,
    0x600,
    "0000000000000000000000000000000008000400140500000a00030076657468300000003000120008000100766574682400020020000100000000000000000000000000000000000a0003007665746831000000",
  ],
  [
    "link add link sim0 name vl5 type vlan id 5 protocol 802.1ad",
    16,
    0x600,
    "00000000000000000000000000000000080005000200000008000300766c35002000120008000100766c616e1400020006000100050000000600050088a80000",
  ],
  [
    "link add br9 type bridge stp_state 1 forward_delay 400 vlan_filtering 1",
    16,
    0x600,
    "0000000000000000000000000000000008000300627239002c0012000a00010062726964676500001c000200080005000100000008000100900100000500070001000000",
  ],
  [
    "link add vx0 type vxlan id 5 dstport 4789 remote 10.0.0.2 local 10.0.0.1 dev sim0 ttl 7 nolearning",
    16,
    0x600,
    "0000000000000000000000000000000008000300767830004c0012000900010076786c616e0000003c000200080003000200000005000500070000000800010005000000080004000a000001080002000a000002050007000000000006000f0012b50000",
  ],
  ["link del sim0", 17, 0, "00000000020000000000000000000000"],
])("ip %s", (command, type, flags, payload) => {
  const [message] = messagesOf(command);
  expect([message?.type, message?.flags]).toEqual([type, flags]);
  const nests = [18, 2];
  expect(normal(message?.payload ?? octets(""), 16, nests)).toEqual(
    normal(octets(payload), 16, nests),
  );
});

test.each([
  [
    "rule add from 10.0.0.0/24 to 10.1.0.1 fwmark 7/0xff iif lo oif sim0 tos 0x10 pref 50 table 300",
    32,
    0x600,
    "022018100000000100000000080002000a000000080001000a01000108000a000700000008001000ff000000070003006c6f00000900110073696d3000000000080006003200000008000f002c010000",
  ],
  ["rule add not from 10.2.0.0/16 prohibit", 32, 0x600, "020010000000000802000000080002000a020000"],
  [
    "rule add goto 32766 pref 9",
    32,
    0x600,
    "02000000000000020000000008000400fe7f00000800060009000000",
  ],
  ["rule del pref 50", 33, 0, "0200000000000000000000000800060032000000"],
  [
    "rule add ipproto tcp sport 80 dport 100-200 table 5",
    32,
    0x600,
    "02000000050000010000000005001600060000000800170050005000080018006400c800",
  ],
])("ip %s", (command, type, flags, payload) => {
  const [message] = messagesOf(command);
  expect([message?.type, message?.flags]).toEqual([type, flags]);
  expect(normal(message?.payload ?? octets(""), 12, [])).toEqual(normal(octets(payload), 12, []));
});

test.each([
  [
    "mptcp endpoint add 10.0.0.2 id 7 port 99 signal backup dev lo",
    "010100003400018005000200070000000800060005000000080007000100000006000500630000000600010002000000080003000a000002",
  ],
  ["mptcp endpoint delete id 7", "020100000c0001800500020007000000"],
  ["mptcp limits set subflow 4 add_addr_accepted 3", "0501000008000200030000000800030004000000"],
  ["mptcp endpoint flush", "04010000"],
  ["mptcp endpoint change id 1 backup", "070100001400018005000200010000000800060004000000"],
])("ip %s", (command, payload) => {
  const [message] = messagesOf(command);
  expect(message?.type).toBe(28);
  expect(hex(message?.payload ?? octets(""))).toBe(payload);
});

test("what the kernel tells of endpoints and limits is printed as iproute2 prints it", () => {
  const answers: readonly [number, Uint8Array][] = [
    [3, new NetlinkWriter().u8(3).u8(1).u16(0).nest(1, endpoint).bytes()],
    [6, new NetlinkWriter().u8(6).u8(1).u16(0).attributeU32(2, 3).attributeU32(3, 4).bytes()],
  ];
  class Telling extends GenericRecorder {
    override *transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
      if (request.type === 16) return yield* super.transact(request);
      const writer = new NetlinkWriter();
      request.write(writer);
      const found = answers.find(([command]) => command === writer.bytes()[0]);
      const payload = found?.[1] ?? octets("");
      const message: NetlinkMessage = { type: 28, flags: 0, seq: 0, portid: 0, payload };
      return { errno: 0, extack: undefined, messages: [message] };
    }
  }
  const print = (command: string): unknown =>
    runIpWith(
      parseIpCommand(command),
      new RecordingClient(),
      new GenericNetlink(new Telling()),
    ).next().value;
  expect(print("mptcp endpoint")).toBe("10.0.0.1 port 99 id 1 subflow dev sim0 \n");
  expect(print("-j mptcp endpoint show")).toBe(
    '[{"address":"10.0.0.1","port":99,"id":1,"subflow":true,"dev":"sim0"}]\n',
  );
  expect(print("mptcp limits")).toBe("add_addr_accepted 3 subflows 4 \n");
});

function endpoint(writer: NetlinkWriter): void {
  writer.attributeU16(1, 2).attributeU8(2, 1).attributeU32(6, 2).attributeU32(7, 2);
  writer.attributeU16(5, 99).attribute(3, Uint8Array.of(10, 0, 0, 1));
}
