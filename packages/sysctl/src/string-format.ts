import type { SysctlState } from "./sysctl-entry.ts";
import type { ValueFormat, WriteOutcome } from "./value-format.ts";

/** Text up to the first newline or NUL, cut to `maxLength` - 1 bytes of UTF-8 (`proc_dostring`). */
export function stringFormat(maxLength: number): ValueFormat {
  return {
    range: undefined,
    parse(written: string, _old: SysctlState): WriteOutcome {
      return { errno: 0, state: { values: [], text: cut(written, maxLength - 1) } };
    },
  };
}

function cut(written: string, bytesMax: number): string {
  let bytes = 0;
  let text = "";
  for (const character of written) {
    if (character === "\n" || character === "\0") break;
    bytes += utf8Length(character.codePointAt(0) ?? 0);
    // Linux cuts between bytes; half a character cannot be said in a JavaScript string.
    if (bytes > bytesMax) break;
    text += character;
  }
  return text;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
