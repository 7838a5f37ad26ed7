import Table from "cli-table3";

/** A table without lines: columns set apart by blanks, as most command-line programs print them. */
export function createTable(head: string[]): Table.Table {
  const blank = {
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
  return new Table({
    head,
    chars: blank,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
}
