/**
 * Segments as packetdrill writes them: `S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 1 ecr 2>`.
 * Sequence numbers of our side count from its ISN, those of the peer from 0.
 */

/** One segment in the script's numbers. */
export interface SegmentText {
  flags: string;
  seq: number;
  length: number;
  ack: number | undefined;
  win: number;
  urg: number;
  options: OptionText[];
}

export type OptionText =
  | { kind: "mss"; value: number }
  | { kind: "wscale"; value: number }
  | { kind: "sackOK" }
  | { kind: "nop" }
  | { kind: "TS"; val: number; ecr: number }
  | { kind: "sack"; blocks: [number, number][] };

const FLAG_BITS: readonly [string, number][] = [
  ["F", 1],
  ["S", 2],
  ["R", 4],
  ["P", 8],
  [".", 16],
  ["U", 32],
  ["E", 64],
  ["W", 128],
];

export function flagsToBits(flags: string): number {
  let bits = 0;
  for (const [letter, bit] of FLAG_BITS) if (flags.includes(letter)) bits |= bit;
  return bits;
}

export function bitsToFlags(bits: number): string {
  const order = ["S", "F", "R", "P", "U", "E", "W", "."];
  const has = order.filter((f) => (bits & flagsToBits(f)) !== 0).join("");
  return has === "" ? "-" : has;
}

/** Reads `flags seq:end(len) [ack n] [win n] [urg n] [<options>]`. */
export function parseSegment(text: string): SegmentText {
  const m =
    /^(\S+) (\d+):(\d+)\((\d+)\)(?: ack (\d+))?(?: win (\d+))?(?: urg (\d+))?(?: <(.*)>)?$/.exec(
      text.trim(),
    );
  if (m === null) throw new Error(`not a segment: ${text}`);
  const [, flags = "", seq, end, length, ack, win, urg, options] = m;
  if (Number(seq) + Number(length) !== Number(end)) throw new Error(`end is wrong: ${text}`);
  return {
    flags,
    seq: Number(seq),
    length: Number(length),
    ack: ack === undefined ? undefined : Number(ack),
    win: Number(win ?? 0),
    urg: Number(urg ?? 0),
    options: options === undefined ? [] : parseOptions(options),
  };
}

function parseOptions(text: string): OptionText[] {
  return text.split(",").map((item): OptionText => {
    const words = item.trim().split(/\s+/);
    const name = words[0] ?? "";
    switch (name) {
      case "nop":
      case "sackOK":
        return { kind: name };
      case "mss":
      case "wscale":
        return { kind: name, value: Number(words[1]) };
      case "TS":
        return { kind: "TS", val: Number(words[2]), ecr: Number(words[4]) };
      case "sack":
        return {
          kind: "sack",
          blocks: words.slice(1).map((block) => {
            const [start, end] = block.split(":");
            return [Number(start), Number(end)];
          }),
        };
      default:
        throw new Error(`not an option: ${item}`);
    }
  });
}

/** The segment as text; the window only when `hasWindow`. */
export function formatSegment(segment: SegmentText, hasWindow: boolean): string {
  const { flags, seq, length, ack, win, urg, options } = segment;
  let text = `${flags} ${seq}:${seq + length}(${length})`;
  if (ack !== undefined) text += ` ack ${ack}`;
  if (hasWindow) text += ` win ${win}`;
  if (urg !== 0) text += ` urg ${urg}`;
  if (options.length > 0) text += ` <${options.map(formatOption).join(",")}>`;
  return text;
}

function formatOption(option: OptionText): string {
  switch (option.kind) {
    case "nop":
    case "sackOK":
      return option.kind;
    case "mss":
    case "wscale":
      return `${option.kind} ${option.value}`;
    case "TS":
      return `TS val ${option.val} ecr ${option.ecr}`;
    case "sack":
      return `sack ${option.blocks.map(([start, end]) => `${start}:${end}`).join(" ")}`;
    default:
      return option satisfies never;
  }
}

function u32(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

/** The options' octets, padded to a multiple of four. */
export function optionBytes(options: readonly OptionText[]): number[] {
  const bytes: number[] = [];
  for (const option of options) {
    switch (option.kind) {
      case "nop":
        bytes.push(1);
        break;
      case "sackOK":
        bytes.push(4, 2);
        break;
      case "mss":
        bytes.push(2, 4, option.value >> 8, option.value & 255);
        break;
      case "wscale":
        bytes.push(3, 3, option.value);
        break;
      case "TS":
        bytes.push(8, 10, ...u32(option.val), ...u32(option.ecr));
        break;
      case "sack":
        bytes.push(5, 2 + 8 * option.blocks.length);
        for (const [start, end] of option.blocks) bytes.push(...u32(start), ...u32(end));
        break;
      default:
        throw new Error("unreachable");
    }
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  return bytes;
}

/** Reads the options of a header back. */
export function readOptions(view: DataView, start: number, end: number): OptionText[] {
  const options: OptionText[] = [];
  for (let at = start; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === 0) break;
    if (kind === 1) {
      options.push({ kind: "nop" });
      at++;
      continue;
    }
    const size = view.getUint8(at + 1);
    if (kind === 2) options.push({ kind: "mss", value: view.getUint16(at + 2) });
    else if (kind === 3) options.push({ kind: "wscale", value: view.getUint8(at + 2) });
    else if (kind === 4) options.push({ kind: "sackOK" });
    else if (kind === 8) {
      options.push({ kind: "TS", val: view.getUint32(at + 2), ecr: view.getUint32(at + 6) });
    } else if (kind === 5) {
      const blocks = Array.from({ length: (size - 2) / 8 }, (_, i): [number, number] => [
        view.getUint32(at + 2 + 8 * i),
        view.getUint32(at + 6 + 8 * i),
      ]);
      options.push({ kind: "sack", blocks });
    }
    at += size;
  }
  return options;
}
