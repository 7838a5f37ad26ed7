import { SysctlError } from "./sysctl-error.ts";
import { canonicalPath } from "./sysctl-path.ts";
import type { SysctlTree } from "./sysctl-tree.ts";

/** One line of a sysctl.conf that means something. */
export interface SysctlSetting {
  /** Counted from 1. */
  readonly line: number;
  /** As written; may be a pattern with `*` and `?`. */
  readonly key: string;
  /** `undefined` in a line `-key`, which takes the key out of the patterns. */
  readonly value: string | undefined;
  /** The line began with `-`: a failure does not count. */
  readonly isErrorIgnored: boolean;
}

/** A parsed sysctl.conf. */
export interface SysctlConf {
  readonly settings: readonly SysctlSetting[];
  readonly errors: readonly SysctlError[];
}

/**
 * Parses sysctl.conf(5): `key = value` lines; comments begin with `#` or `;`; a leading `-` excuses
 * failures; `-key` alone excludes a key from patterns. A `#` behind a value is part of the value.
 * Lines without `=` are errors and are skipped.
 */
export function parseSysctlConf(text: string): SysctlConf {
  const settings: SysctlSetting[] = [];
  const errors: SysctlError[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    const isErrorIgnored = trimmed.startsWith("-");
    const setting = isErrorIgnored ? trimmed.slice(1) : trimmed;
    const equals = setting.indexOf("=");
    const key = (equals < 0 ? setting : setting.slice(0, equals)).trim();
    if (key === "" || (equals < 0 && !isErrorIgnored)) {
      errors.push(new SysctlError(trimmed, "EINVAL", `line ${index + 1} is not "key = value"`));
      continue;
    }
    const value = equals < 0 ? undefined : setting.slice(equals + 1).trim();
    settings.push({ line: index + 1, key, value, isErrorIgnored });
  }
  return { settings, errors };
}

/** Sets what a sysctl.conf says. A key that has a line of its own is left out of the patterns. */
export function applySettings(tree: SysctlTree, conf: SysctlConf | string): SysctlError[] {
  const { settings, errors } = typeof conf === "string" ? parseSysctlConf(conf) : conf;
  const failures = [...errors];
  const named = new Set(settings.map(({ key }) => canonicalPath(key)));
  for (const { key, value, isErrorIgnored } of settings) {
    if (value === undefined) continue;
    const paths = PATTERN.test(key) ? matches(tree, key, named) : [key];
    for (const path of paths) {
      const failure = attempt(tree, path, value);
      if (failure !== undefined && !isErrorIgnored) failures.push(failure);
    }
  }
  return failures;
}

const PATTERN = /[*?]/;

function matches(tree: SysctlTree, pattern: string, named: ReadonlySet<string>): string[] {
  const matcher = globMatcher(canonicalPath(pattern));
  return tree.list().filter((path) => {
    const key = canonicalPath(path);
    return matcher.test(key) && !named.has(key);
  });
}

/** `*` and `?` of glob(7): they stay within one component. */
function globMatcher(pattern: string): RegExp {
  const source = pattern.replaceAll(/[*?]|[^*?\w/]/g, (part) => {
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

function attempt(tree: SysctlTree, path: string, value: string): SysctlError | undefined {
  try {
    tree.setOrThrow(path, value);
    return undefined;
  } catch (error) {
    if (error instanceof SysctlError) return error;
    throw error;
  }
}
