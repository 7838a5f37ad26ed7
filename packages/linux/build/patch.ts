import { BuildError } from "./build-error.ts";
import type { Profile } from "./release.ts";

/** A change to Linux's own files: a unified diff under a header that says why. */
export interface Patch {
  readonly fileName: string;
  readonly subject: string;
  /** Undefined: all. */
  readonly releases: readonly string[] | undefined;
  readonly profiles: readonly string[] | undefined;
  readonly files: readonly PatchedFile[];
}

export interface PatchedFile {
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

interface Hunk {
  /** Whole lines, each with its line feed. */
  readonly before: string;
  readonly after: string;
}

/**
 * Reads a patch.
 * @throws BuildError when it has no subject, no reason, or nothing to apply.
 */
export function parsePatch(fileName: string, text: string): Patch {
  const start = text.search(/^--- /m);
  const header = start < 0 ? text : text.slice(0, start);
  const subject = /^Subject: (.+)$/m.exec(header)?.[1];
  if (subject === undefined) throw new BuildError(`${fileName} has no "Subject:" line`);
  const reason = header.replaceAll(/^[A-Z][a-z]+: .*$/gm, "").trim();
  if (reason === "") throw new BuildError(`${fileName} does not say why it is needed`);
  const files = start < 0 ? [] : parseFiles(fileName, text.slice(start));
  if (files.length === 0) throw new BuildError(`${fileName} changes nothing`);
  return {
    fileName,
    subject,
    releases: listInHeader(header, "Releases"),
    profiles: listInHeader(header, "Profiles"),
    files,
  };
}

/** Whether a kernel of this release and profile gets the patch. */
export function isFor(patch: Patch, release: string, profile: Profile): boolean {
  return (patch.releases?.includes(release) ?? true) && (patch.profiles?.includes(profile) ?? true);
}

/**
 * Changes the text of one file. Line numbers are not looked at, for they differ between releases; instead the old
 * lines of each hunk must be found exactly once.
 * @throws BuildError when a hunk is found nowhere or more than once.
 */
export function applyHunks(patch: Patch, file: PatchedFile, text: string): string {
  let result = text;
  for (const [index, hunk] of file.hunks.entries()) {
    const places = placesOf(result, hunk.before);
    const [at] = places;
    if (at === undefined || places.length > 1) {
      throw new BuildError(
        `${patch.fileName}: hunk ${index + 1} of ${file.path} fits at ${places.length} places; it must be one`,
        hunk.before,
      );
    }
    result = result.slice(0, at) + hunk.after + result.slice(at + hunk.before.length);
  }
  return result;
}

function placesOf(text: string, lines: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(lines); at >= 0; at = text.indexOf(lines, at + 1)) {
    if (at === 0 || text[at - 1] === "\n") places.push(at);
  }
  return places;
}

function listInHeader(header: string, name: string): string[] | undefined {
  return new RegExp(`^${name}: (.+)$`, "m").exec(header)?.[1]?.trim().split(/[ ,]+/);
}

function parseFiles(fileName: string, diff: string): PatchedFile[] {
  return diff
    .split(/^--- .*\n/m)
    .slice(1)
    .map((part) => {
      const path = /^\+\+\+ b\/(\S+)/.exec(part)?.[1];
      if (path === undefined) throw new BuildError(`${fileName} has a "---" without a "+++ b/"`);
      const hunks = part
        .split(/^@@ .*\n/m)
        .slice(1)
        .map(parseHunk);
      if (hunks.length === 0) throw new BuildError(`${fileName} has no hunk for ${path}`);
      if (hunks.some((hunk) => hunk.before === "")) {
        throw new BuildError(`${fileName} has a hunk without context in ${path}`);
      }
      return { path, hunks };
    });
}

function parseHunk(text: string): Hunk {
  let before = "";
  let after = "";
  for (const line of text.split("\n").slice(0, -1)) {
    const content = `${line.slice(1)}\n`;
    if (line.startsWith("+")) after += content;
    else if (line.startsWith("-")) before += content;
    else {
      before += content;
      after += content;
    }
  }
  return { before, after };
}
