/** How `ip` was asked to print. */
export interface IpOutput {
  readonly isJson: boolean;
  readonly isPretty: boolean;
  readonly isBrief: boolean;
  /** -s */
  readonly showsStatistics: boolean;
}

/** iproute2's JSON: one line, or with `-p` its own way of indenting. */
export function jsonText(value: unknown, output: IpOutput): string {
  return output.isPretty ? `${pretty(value, 1)}\n` : `${JSON.stringify(value)}\n`;
}

function pretty(value: unknown, depth: number): string {
  const inner = " ".repeat(4 * depth + 4);
  const outer = " ".repeat(4 * depth);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.every((item) => typeof item !== "object")) {
      return items.length === 0
        ? "[ ]"
        : `[ ${items.map((item) => JSON.stringify(item)).join(",")} ]`;
    }
    return `[ ${items.map((item) => pretty(item, depth)).join(",")} ]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `${inner}${JSON.stringify(name)}: ${pretty(member, depth + 1)}`);
    return `{\n${members.join(",\n")}\n${outer}}`;
  }
  return JSON.stringify(value);
}
