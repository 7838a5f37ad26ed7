import { createHash } from "node:crypto";
import type { RandomStream } from "@dcejs/core-sched";

const LINE = 80;
const NEWLINE = 0x0a;
const LETTER_A = 0x61;
const LETTERS = 26;

/** Lines of random letters: text, so that no protocol dissector takes it for something of its own. */
export function seededText(random: RandomStream, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets);
  random.bytes(bytes);
  return bytes.map((byte, i) => (i % LINE === LINE - 1 ? NEWLINE : LETTER_A + (byte % LETTERS)));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
