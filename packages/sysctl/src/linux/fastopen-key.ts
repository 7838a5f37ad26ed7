import type { SysctlState } from "../sysctl-entry.ts";
import { SysctlErrno } from "../sysctl-error.ts";

/** One or two keys of four hexadecimal words; shown with all their zeros (`proc_tcp_fastopen_key`). */
export function reviewFastopenKey(next: SysctlState): number | SysctlState {
  const keys = next.text.trim().split(",");
  const words = keys.map((key) => key.split("-"));
  const isLegal =
    keys.length <= 2 &&
    words.every((key) => key.length === 4 && key.every((word) => WORD.test(word)));
  if (!isLegal) return -SysctlErrno.EINVAL;
  const text = words.map((key) => key.map((word) => word.toLowerCase().padStart(8, "0")).join("-"));
  return { values: [], text: text.join(",") };
}

const WORD = /^[0-9a-fA-F]{1,8}$/;
