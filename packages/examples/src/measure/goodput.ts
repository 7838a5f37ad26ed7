import type { SimProcess } from "@dcejs/dce-glue";

const BITS = 8;

/** Mbit/s of `octets` from the start of who sent them to the end of who received them; 0: it has not ended. */
export function goodputMbps(octets: number, sender: SimProcess, receiver: SimProcess): number {
  const { startNs } = sender;
  const { endNs } = receiver;
  if (startNs === undefined || endNs === undefined) return 0;
  return Number(((octets * BITS * 1e3) / (endNs - startNs)).toFixed(3));
}
