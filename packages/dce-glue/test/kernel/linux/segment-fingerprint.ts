/** What tells one TCP from another by its segments: nmap's and p0f's view of them. */
export interface SegmentFingerprint {
  readonly from: "client" | "server";
  readonly flags: string;
  readonly ttl: number;
  readonly tos: number;
  readonly isDontFragment: boolean;
  /** Identification: "0", "some", or its distance from the sender's segment before: "+1". */
  readonly id: string;
  /** In their order: "mss 1460", "sackOK", "TS", "nop", "wscale 7". */
  readonly options: readonly string[];
  /** As in the header, of SYN and SYN-ACK; later ones depend on the sizes of buffers. */
  readonly window: number | undefined;
  readonly payload: number;
}

const IP = 14;
const FLAG_NAMES = ["F", "S", "R", "P", ".", "U", "E", "W"];
const SYN = 2;

/** @param frames Ethernet frames with IPv4 and TCP, in their order; the first is the client's */
export function fingerprintOf(frames: readonly Uint8Array[]): SegmentFingerprint[] {
  const lastIds = new Map<number, number>();
  let clientPort = -1;
  return frames.map((frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const tcp = IP + (view.getUint8(IP) & 15) * 4;
    const port = view.getUint16(tcp);
    if (clientPort < 0) clientPort = port;
    const flags = view.getUint8(tcp + 13);
    const data = tcp + (view.getUint8(tcp + 12) >> 4) * 4;
    const id = view.getUint16(IP + 4);
    const last = lastIds.get(port);
    lastIds.set(port, id);
    return {
      from: port === clientPort ? "client" : "server",
      flags: FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0).join(""),
      ttl: view.getUint8(IP + 8),
      tos: view.getUint8(IP + 1),
      isDontFragment: (view.getUint16(IP + 6) & 0x4000) !== 0,
      id: idOf(id, last),
      options: optionsOf(view, tcp + 20, data),
      window: (flags & SYN) === 0 ? undefined : view.getUint16(tcp + 14),
      payload: IP + view.getUint16(IP + 2) - data,
    };
  });
}

/** A SYN-ACK has 0, whatever its connection goes on with. */
function idOf(id: number, last: number | undefined): string {
  if (id === 0) return "0";
  return last === undefined || last === 0 ? "some" : `+${(id - last) & 0xffff}`;
}

function optionsOf(view: DataView, from: number, end: number): string[] {
  const found: string[] = [];
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    const length = kind < 2 ? 1 : view.getUint8(at + 1);
    if (kind === 0) found.push("end");
    else if (kind === 1) found.push("nop");
    else if (kind === 2) found.push(`mss ${view.getUint16(at + 2)}`);
    else if (kind === 3) found.push(`wscale ${view.getUint8(at + 2)}`);
    else if (kind === 4) found.push("sackOK");
    else if (kind === 8) found.push(view.getUint32(at + 6) === 0 ? "TS without echo" : "TS");
    else found.push(`option ${kind}`);
    at += Math.max(1, length);
  }
  return found;
}
