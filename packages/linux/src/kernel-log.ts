/** Characters that are kept: Linux's own buffer has 128 KB. */
const LENGTH_MAX = 262_144;
/** Warnings that are kept: the first tell most. */
const WARNINGS_MAX = 100;

/** WARN_ON(): where it stands in the source. In front of it Linux 6 names the processor, Linux 7 does not. */
const WARNING = /\bWARNING: (?:CPU: \d+ PID: \d+ at )?(\S+:\d+)/;
/** What the kernel finds wrong and survives: "BUG: scheduling while atomic", "page allocation failure: order:3…". */
const COMPLAINT =
  /\b(BUG: .*|INFO: (?:task|rcu_\w+) .*|unregister_netdevice: waiting for .*|refcount_t: .*|page allocation failure: order:\d+)/;

/** A warning of the kernel's own. */
export interface KernelWarning {
  /** Virtual time, ns; below 0: when the kernel booted. */
  readonly at: number;
  /** "net/ipv4/tcp_input.c:3362", or the complaint itself: "BUG: scheduling while atomic: …" */
  readonly what: string;
}

/** What a kernel has printed to its console. */
export class KernelLog {
  /** The first hundred. */
  readonly warnings: KernelWarning[] = [];
  #chunks: string[] = [];
  #length = 0;

  /** @param before what it goes on from */
  constructor(before?: KernelLog) {
    if (before === undefined) return;
    this.#chunks.push(before.text);
    this.#length = before.#length;
    this.warnings.push(...before.warnings);
  }

  /** @param at virtual time, ns */
  append(text: string, at: number): void {
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > 2 * LENGTH_MAX) this.#forgetOldest();
    if (this.warnings.length === WARNINGS_MAX) return;
    const what = WARNING.exec(text)?.[1] ?? COMPLAINT.exec(text)?.[1];
    if (what !== undefined) this.warnings.push({ at, what });
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
