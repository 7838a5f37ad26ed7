import { Errno } from "@dcejs/lkl-kernel";
import type { LinkRecord, RtnlRequest } from "../rtnl-request.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import { NR } from "./linux-syscall-numbers.ts";

/** Stands in until the rtnetlink client is there. */
export function temporaryRtnl(calls: () => LinuxCalls): (request: RtnlRequest) => number {
  let fd = -1;
  const transact = (
    type: number,
    flags: number,
    payload: number[],
    see: (bytes: Uint8Array, type: number) => void,
  ): number => {
    const c = calls();
    if (fd < 0) fd = c.serve(NR.socket, 16, 3, 0);
    const { u8, view, u32 } = c.kernel.machine;
    const data = c.service.data(32768);
    const size = 16 + payload.length;
    view.setUint32(data, size, true);
    view.setUint16(data + 4, type, true);
    view.setUint16(data + 6, flags | 1, true);
    view.setUint32(data + 8, 1, true);
    view.setUint32(data + 12, 0, true);
    u8.set(payload, data + 16);
    const h = c.service.room >>> 2;
    const set = (length: number): void => {
      u32[h] = 0;
      u32[h + 1] = 0;
      u32[h + 2] = c.service.room + 32;
      u32[h + 3] = 1;
      u32[h + 4] = 0;
      u32[h + 5] = 0;
      u32[h + 6] = 0;
      u32[h + 8] = data;
      u32[h + 9] = length;
    };
    set(size);
    const sent = c.serve(NR.sendmsg, fd, c.service.room, 0);
    if (sent < 0) return sent;
    for (;;) {
      set(32768);
      const got = c.serve(NR.recvmsg, fd, c.service.room, 0x40);
      if (got <= 0) return got;
      let at = data;
      while (at < data + got) {
        const length = view.getUint32(at, true);
        const t = view.getUint16(at + 4, true);
        if (t === 3) return 0;
        if (t === 2) return view.getInt32(at + 16, true);
        see(u8.slice(at + 16, at + length), t);
        at += (length + 3) & ~3;
      }
    }
  };
  const u32 = (n: number): number[] => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];
  const be = (n: number): number[] => u32(n).toReversed();
  const attr = (type: number, data: number[]): number[] => {
    const l = 4 + data.length;
    const out = [l & 255, l >>> 8, type & 255, type >>> 8, ...data];
    while (out.length % 4 !== 0) out.push(0);
    return out;
  };
  return (request) => {
    switch (request.type) {
      case "RTM_GETLINK":
        return transact(18, 0x300, [0, 0, 0, 0, ...u32(0), ...u32(0), ...u32(0)], (bytes) => {
          const v = new DataView(bytes.buffer);
          const record = {
            ifindex: v.getInt32(4, true),
            name: "",
            flags: v.getUint32(8, true),
            mtu: 0,
            txQueueLength: 0,
            address: new Uint8Array(6),
            type: v.getUint16(2, true),
            operState: "UP" as const,
            qdisc: "",
          };
          for (let o = 16; o < bytes.length; ) {
            const l = v.getUint16(o, true);
            const t = v.getUint16(o + 2, true);
            if (t === 3) record.name = new TextDecoder().decode(bytes.slice(o + 4, o + l - 1));
            if (t === 4) record.mtu = v.getUint32(o + 4, true);
            if (t === 1) record.address = bytes.slice(o + 4, o + l);
            o += (l + 3) & ~3;
          }
          (request.reply as LinkRecord[]).push(record);
        });
      case "RTM_SETLINK": {
        const attrs = [
          ...(request.mtu === undefined ? [] : attr(4, u32(request.mtu))),
          ...(request.txQueueLength === undefined ? [] : attr(13, u32(request.txQueueLength))),
        ];
        return transact(
          16,
          4,
          [
            0,
            0,
            0,
            0,
            ...u32(request.ifindex),
            ...u32(request.flags ?? 0),
            ...u32(request.flagsMask ?? 0),
            ...attrs,
          ],
          () => {},
        );
      }
      case "RTM_NEWADDR":
        return transact(
          20,
          4 | 0x600,
          [
            2,
            request.prefixLength,
            0,
            request.scope ?? 0,
            ...u32(request.ifindex),
            ...attr(2, be(request.local)),
            ...attr(1, be(request.local)),
          ],
          () => {},
        );
      case "RTM_NEWROUTE":
        return transact(
          24,
          4 | 0x600,
          [
            2,
            request.prefixLength,
            0,
            0,
            254,
            3,
            0,
            1,
            ...u32(0),
            ...(request.prefixLength > 0 ? attr(1, be(request.destination)) : []),
            ...(request.gateway === undefined ? [] : attr(5, be(request.gateway))),
            ...(request.ifindex === undefined ? [] : attr(4, u32(request.ifindex))),
          ],
          () => {},
        );
      default:
        return -Errno.EOPNOTSUPP;
    }
  };
}
