/**
 * Canonical form of a parameter's name: the path below `/proc/sys`, for instance
 * `net/ipv4/conf/eth0.1/forwarding`.
 *
 * Accepts `/proc/sys/net/…`, `net/ipv4/…`, `net.ipv4.…` and `.net.ipv4.…`. An absolute path is slashed;
 * else, as in sysctl(8), the first separator tells which one is meant. In the dotted form a dot inside
 * a name is written `/`: `net.ipv4.conf.eth0/1.forwarding`.
 */
export function canonicalPath(path: string): string {
  const isAbsolute = path.startsWith("/");
  let from = path.startsWith(PROC_SYS) ? PROC_SYS.length : 0;
  while (isSeparator(path.charCodeAt(from))) from++;
  let to = path.length;
  while (to > from && isSeparator(path.charCodeAt(to - 1))) to--;
  const name = from > 0 || to < path.length ? path.slice(from, to) : path;
  return !isAbsolute && firstSeparator(name) === "." ? swapSeparators(name) : name;
}

/** The dotted form that sysctl(8) prints; the inverse of `canonicalPath`. */
export function dottedPath(canonical: string): string {
  return swapSeparators(canonical);
}

/** Order of directory listings and of `sysctl -a`: component by component, in code unit order. */
export function comparePaths(a: string, b: string): number {
  const left = sortKey(a);
  const right = sortKey(b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const PROC_SYS = "/proc/sys/";
const DOT = 0x2e;
const SLASH = 0x2f;

function isSeparator(code: number): boolean {
  return code === DOT || code === SLASH;
}

function firstSeparator(name: string): "." | "/" | undefined {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === DOT) return ".";
    if (code === SLASH) return "/";
  }
  return undefined;
}

function swapSeparators(name: string): string {
  return name.replaceAll(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}

/** `/` must sort before every character that a name can hold. */
function sortKey(canonical: string): string {
  return canonical.replaceAll("/", "\0");
}
