import { Errno, type Wait } from "@dcejs/lkl-kernel";
import {
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  type NetlinkMessage,
  type NetlinkWriter,
  RTM,
  SOL_NETLINK,
} from "@dcejs/net-stack";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LinkRecord } from "../../src/kernel/rtnl-request.ts";
import {
  type NetlinkAnswer,
  NetlinkClient,
  type NetlinkRequest,
} from "../../src/netlink/netlink-client.ts";
import { requestNow, rtnetlinkClient } from "../../src/netlink/rtnetlink-client.ts";
import { datagram, ScriptedKernel } from "./scripted-kernel.ts";

const NLM_F_MULTI = 2;
const SETLINK: NetlinkRequest = {
  type: RTM.SETLINK,
  flags: 0,
  write: (writer) => writer.u32(0).u32(0),
};
const LINKS: NetlinkRequest = {
  type: RTM.GETLINK,
  flags: NLM_F_DUMP,
  write: (writer) => writer.u32(0),
};

function now<T>(wait: Wait<T>): T {
  const step = wait.next(0);
  if (step.done !== true) throw new Error("the client waits");
  return step.value;
}

/** NLMSG_ERROR for a request: the whole request in it, or its header alone. */
function error(
  { type, flags, seq, payload }: NetlinkMessage,
  errno: number,
  isCapped: boolean,
  words?: string,
): Uint8Array {
  const more = (isCapped ? NLM_F_CAPPED : 0) | (words === undefined ? 0 : NLM_F_ACK_TLVS);
  return datagram(NLMSG_ERROR, more, seq, (writer) => {
    writer.u32(errno);
    writer
      .u32(16 + payload.length)
      .u16(type)
      .u16(flags)
      .u32(seq)
      .u32(0);
    if (!isCapped) writer.raw(payload);
    if (words !== undefined) writer.attributeText(NLMSGERR_ATTR_MSG, words);
  });
}

function done(seq: number, errno = 0): Uint8Array {
  return datagram(NLMSG_DONE, NLM_F_MULTI, seq, (writer) => writer.u32(errno));
}

function ask(kernel: ScriptedKernel, request: NetlinkRequest): NetlinkAnswer {
  return now(new NetlinkClient(kernel, 0).transact(request));
}

describe("what is sent", () => {
  test("a change asks for an acknowledgement, a dump does not", () => {
    const kernel = new ScriptedKernel((request) => [
      request.type === RTM.GETLINK ? done(request.seq) : error(request, 0, true),
    ]);
    const client = new NetlinkClient(kernel, 0);
    now(client.transact(SETLINK));
    now(client.transact(LINKS));
    expect(kernel.requests.map(({ flags }) => flags)).toEqual([
      NLM_F_REQUEST | NLM_F_ACK,
      NLM_F_REQUEST | NLM_F_DUMP,
    ]);
  });

  test("each request has its own sequence number, and all use one socket", () => {
    const kernel = new ScriptedKernel((request) => [error(request, 0, true)]);
    const client = new NetlinkClient(kernel, 0);
    for (let i = 0; i < 3; i++) now(client.transact(SETLINK));
    expect(kernel.requests.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(kernel.opened).toBe(1);
  });

  test("NETLINK_EXT_ACK, CAP_ACK and GET_STRICT_CHK are asked for; a kernel without them will do", () => {
    const kernel = new ScriptedKernel((request) => [error(request, 0, true)]);
    expect(ask(kernel, SETLINK).errno).toBe(0);
    expect(kernel.options).toEqual([
      [SOL_NETLINK, 11],
      [SOL_NETLINK, 10],
      [SOL_NETLINK, 12],
    ]);
  });
});

describe("what is answered", () => {
  test.each([true, false])("the kernel's words, with the request cut off: %s", (isCapped) => {
    const kernel = new ScriptedKernel((request) => [
      error(request, -Errno.EINVAL, isCapped, "No such thing"),
    ]);
    expect(ask(kernel, SETLINK)).toEqual({
      errno: -Errno.EINVAL,
      extack: "No such thing",
      messages: [],
    });
  });

  test("an error without words", () => {
    const kernel = new ScriptedKernel((request) => [error(request, -Errno.EPERM, true)]);
    expect(ask(kernel, SETLINK)).toEqual({ errno: -Errno.EPERM, extack: undefined, messages: [] });
  });

  test("a dump goes on over datagrams up to NLMSG_DONE, whose errno counts", () => {
    const kernel = new ScriptedKernel(({ seq }) => [
      datagram(RTM.NEWLINK, NLM_F_MULTI, seq),
      datagram(RTM.NEWLINK, NLM_F_MULTI, seq),
      done(seq, -Errno.EINVAL),
    ]);
    const { errno, messages } = ask(kernel, LINKS);
    expect([errno, messages.length]).toEqual([-Errno.EINVAL, 2]);
  });

  test("what belongs to an older request is left out", () => {
    const kernel = new ScriptedKernel((request) => [
      error({ ...request, seq: 999 }, -Errno.EIO, true),
      datagram(RTM.NEWLINK, 0, 0),
      error(request, 0, true),
    ]);
    expect(ask(kernel, SETLINK)).toEqual({ errno: 0, extack: undefined, messages: [] });
  });

  test("a dump that changes overtake is made again, four times at most", () => {
    let interrupted = 2;
    const script = ({ seq }: NetlinkMessage): Uint8Array[] => {
      const flags = interrupted-- > 0 ? NLM_F_DUMP_INTR : 0;
      return [datagram(RTM.NEWLINK, NLM_F_MULTI | flags, seq), done(seq)];
    };
    const kernel = new ScriptedKernel(script);
    expect(ask(kernel, LINKS).messages).toHaveLength(1);
    expect(kernel.requests).toHaveLength(3);
    interrupted = 100;
    const restless = new ScriptedKernel(script);
    ask(restless, LINKS);
    expect(restless.requests).toHaveLength(4);
  });
});

describe("sockets", () => {
  test("a kernel that has booted again gets a new one", () => {
    const kernel = new ScriptedKernel((request) => [error(request, 0, true)]);
    const client = new NetlinkClient(kernel, 0);
    now(client.transact(SETLINK));
    kernel.reboot();
    expect(now(client.transact(SETLINK)).errno).toBe(0);
    expect([kernel.opened, kernel.requests.length]).toEqual([2, 2]);
  });

  test("a request that comes while another waits has its own", () => {
    const kernel = new ScriptedKernel((request) => [error(request, 0, true)]);
    kernel.slow = new Set(["sendmsg"]);
    const client = new NetlinkClient(kernel, 0);
    const first = client.transact(SETLINK);
    const second = client.transact(SETLINK);
    expect([first.next(0).done, second.next(0).done]).toEqual([false, false]);
    expect(kernel.opened).toBe(2);
    expect(second.next(24).value).toMatchObject({ errno: 0 });
    expect(first.next(24).value).toMatchObject({ errno: 0 });
    kernel.slow = new Set();
    expect(now(client.transact(SETLINK)).errno).toBe(0);
    expect(kernel.opened).toBe(2);
  });

  test("the socket of a request that was given up is not used again", () => {
    const kernel = new ScriptedKernel((request) => [error(request, 0, true)]);
    kernel.slow = new Set(["sendmsg"]);
    const client = new NetlinkClient(kernel, 0);
    const left = client.transact(SETLINK);
    left.next(0);
    left.return({ errno: 0, extack: undefined, messages: [] });
    kernel.slow = new Set();
    now(client.transact(SETLINK));
    expect(kernel.opened).toBe(2);
  });
});

test("what has to be answered at once and is not is an error, not an empty answer", () => {
  const kernel = new ScriptedKernel((request) => [done(request.seq)]);
  kernel.slow = new Set(["sendmsg"]);
  const reply: LinkRecord[] = [];
  expect(() => requestNow(rtnetlinkClient(kernel), { type: "RTM_GETLINK", reply })).toThrow(
    "the kernel waits (sendmsg) in RTM_GETLINK, which cannot wait here",
  );
});

test("whatever octets the kernel sends, the client gives records or an errno", () => {
  const octets = fc.uint8Array({ maxLength: 80 });
  const type = fc.constantFrom(RTM.NEWLINK, RTM.NEWADDR, RTM.NEWROUTE, RTM.NEWNEIGH, 2, 3);
  const parts = fc.array(fc.tuple(type, fc.nat(0xffff), octets), { maxLength: 4 });
  fc.assert(
    fc.property(parts, octets, (messages, noise) => {
      const kernel = new ScriptedKernel(({ seq }) => [
        ...messages.map(([kind, flags, payload]) =>
          datagram(kind, flags, seq, (writer: NetlinkWriter) => writer.raw(payload)),
        ),
        noise,
        done(seq),
      ]);
      const client = rtnetlinkClient(kernel);
      const results = [
        requestNow(client, { type: "RTM_GETLINK", reply: [] }),
        requestNow(client, { type: "RTM_GETADDR", reply: [] }),
        requestNow(client, { type: "RTM_GETROUTE", reply: [] }),
        requestNow(client, { type: "RTM_GETNEIGH", reply: [] }),
      ];
      expect(results.every((result) => Number.isInteger(result))).toBe(true);
    }),
    { numRuns: 500, seed: 1 },
  );
});
