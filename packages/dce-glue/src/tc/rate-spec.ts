import type { NetlinkWriter } from "@dcejs/net-stack";
import { viewOf } from "./qdisc-kind.ts";
import { transmitTicks } from "./tc-values.ts";

/** struct tc_ratespec */
const RATE_SPEC_OCTETS = 12;
const TC_LINKLAYER_ETHERNET = 1;
const TABLE_ENTRIES = 256;
const DEFAULT_MTU = 2047;

/** The log of the cell size: a packet of `mtu` octets is within the table. */
function cellLog(mtu: number): number {
  let log = 0;
  while (mtu >> log > 255) log++;
  return log;
}

/** A rate in octets per second; a wide one says so elsewhere. */
export function writeRateSpec(
  writer: NetlinkWriter,
  rate: number,
  mtu: number = DEFAULT_MTU,
): void {
  writer.u8(rate === 0 ? 0 : cellLog(mtu)).u8(rate === 0 ? 0 : TC_LINKLAYER_ETHERNET);
  writer
    .u16(0)
    .u16(rate === 0 ? 0 : 0xffff)
    .u16(0);
  writer.u32(Math.min(rate, 0xffff_ffff));
}

export function readRate(octets: Uint8Array, at: number): number {
  return octets.length < at + RATE_SPEC_OCTETS ? 0 : viewOf(octets).getUint32(at + 8, true);
}

/** tc_calc_rtable: the ticks that packets of each size take; kernels that count themselves leave it unread. */
export function rateTable(rate: number, mtu: number = DEFAULT_MTU): Uint8Array {
  const octets = new Uint8Array(TABLE_ENTRIES * 4);
  const view = viewOf(octets);
  const log = cellLog(mtu);
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    view.setUint32(i * 4, transmitTicks(rate, (i + 1) << log), true);
  }
  return octets;
}
