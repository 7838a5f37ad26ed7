/** Characters that are kept: Linux's own buffer has 128 KB. */
const LENGTH_MAX = 262_144;

/** A warning of the kernel's (WARN_ON, lockups): its place in the source. */
const WARNING = /WARNING: (?:CPU: \d+ PID: \d+ at )?(\S+)/;

/** What a kernel has printed to its console. */
export class KernelLog {
  /** Where the kernel has warned, "net/ipv4/tcp_input.c:3362" for example. */
  readonly warnings: string[] = [];
  #chunks: string[] = [];
  #length = 0;

  constructor(before = "") {
    if (before !== "") this.append(before);
  }

  append(text: string): void {
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > 2 * LENGTH_MAX) this.#forgetOldest();
    const place = text.includes("WARNING: ") ? WARNING.exec(text)?.[1] : undefined;
    if (place !== undefined) this.warnings.push(place);
  }

  get text(): string {
    return this.#chunks.join("");
  }

  /** The last lines, for the message of an error. */
  tail(lines: number): string {
    return this.text.trimEnd().split("\n").slice(-lines).join("\n");
  }

  #forgetOldest(): void {
    const kept = this.text.slice(-LENGTH_MAX);
    this.#chunks = [kept];
    this.#length = kept.length;
  }
}
