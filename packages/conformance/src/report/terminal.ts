import Table from "cli-table3";
import type { Part } from "../conformance-test.ts";
import { KERNELS, NOT_BUILT } from "../kernels.ts";
import { rowsOf } from "./cell.ts";
import { countVerdicts, type Results } from "./results.ts";

const BLANK = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** The table for people at a terminal: a column for each kernel. */
export function terminalReport(
  parts: readonly Part[],
  results: Results,
  isWanted: (key: string) => boolean,
): string {
  const table = new Table({
    head: ["test", ...KERNELS, "remark"],
    chars: BLANK,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const part of parts) {
    for (const { key, cells, remark } of rowsOf(part, results)) {
      if (isWanted(key)) table.push([key, ...cells, remark]);
    }
  }
  return `${table.toString()}\n\n${KERNELS.map((kernel) => summary(kernel, results)).join("")}`;
}

function summary(kernel: string, results: Results): string {
  const verdicts = results[kernel];
  if (verdicts === undefined) return `${kernel}: ${NOT_BUILT}\n`;
  const { ok, differs, FAIL, "n/a": absent } = countVerdicts(verdicts);
  return `${kernel}: ${ok} ok, ${differs} differ as known, ${FAIL} failed, ${absent} not applicable\n`;
}
