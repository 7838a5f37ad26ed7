import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageFolder } from "../../build/folders.ts";
import { applyHunks, isFor, parsePatch } from "../../build/patch.ts";

const PATCH = `Subject: clock: count in steps of two
Profiles: full

The host's clock has half the resolution.

--- a/kernel/clock.c
+++ b/kernel/clock.c
@@ -7,3 +7,4 @@
 	int step;

-	step = 1;
+	/* Two. */
+	step = 2;
`;

const [patch, file] = parsed(PATCH);

function parsed(text: string) {
  const result = parsePatch("0007-clock.patch", text);
  const [first] = result.files;
  if (first === undefined) throw new Error("no file");
  return [result, first] as const;
}

test("a patch says what it changes, why, and for whom", () => {
  expect(patch.subject).toBe("clock: count in steps of two");
  expect(file.path).toBe("kernel/clock.c");
  expect(isFor(patch, "6.1", "full")).toBe(true);
  expect(isFor(patch, "6.1", "net")).toBe(false);
});

test("a patch for one release is not for others", () => {
  const [limited] = parsed(PATCH.replace("Profiles: full", "Releases: 6.1, 6.12"));
  expect(isFor(limited, "6.12", "net")).toBe(true);
  expect(isFor(limited, "7.3", "full")).toBe(false);
});

test("a hunk is applied wherever its lines are", () => {
  const text = "a\nb\n\tint step;\n\n\tstep = 1;\nc\n";
  const expected = "a\nb\n\tint step;\n\n\t/* Two. */\n\tstep = 2;\nc\n";
  expect(applyHunks(patch, file, text)).toBe(expected);
});

test("a hunk whose lines are nowhere is an error that names patch and file", () => {
  expect(() => applyHunks(patch, file, "\tint step;\n\n\tstep = 2;\n")).toThrow(
    "0007-clock.patch: hunk 1 of kernel/clock.c fits at 0 places",
  );
});

test("a hunk whose lines are there twice is an error", () => {
  const twice = "\tint step;\n\n\tstep = 1;\n".repeat(2);
  expect(() => applyHunks(patch, file, twice)).toThrow("fits at 2 places");
});

test("the end of a longer line is not taken for the line", () => {
  expect(() => applyHunks(patch, file, "static\tint step;\n\n\tstep = 1;\n")).toThrow("0 places");
});

test.each([
  ["no subject", PATCH.replace("Subject: ", "About: "), "Subject"],
  ["no reason", PATCH.replace("The host's clock has half the resolution.", ""), "why"],
  ["no change", PATCH.slice(0, PATCH.indexOf("---")), "nothing"],
  ["no file name", PATCH.replace("+++ b/kernel/clock.c\n", ""), "+++ b/"],
  ["no hunk", PATCH.slice(0, PATCH.indexOf("@@")), "no hunk"],
])("a patch with %s is refused", (_, text, complaint) => {
  expect(() => parsePatch("0007-clock.patch", text)).toThrow(complaint);
});

const ours = readdirSync(packageFolder("patches"));

test.each(ours)("%s is one that git apply takes as well: its hunks count their lines", (name) => {
  const text = readFileSync(join(packageFolder("patches"), name), "utf8");
  expect(parsePatch(name, text).files.length).toBeGreaterThan(0);
  const hunks = text.split(/^@@ /m).slice(1);
  for (const hunk of hunks) {
    const [header = "", ...lines] =
      hunk
        .split(/^(?:--- |diff )/m)[0]
        ?.trimEnd()
        .split("\n") ?? [];
    const [, before, after] = /^-\d+,(\d+) \+\d+,(\d+) @@/.exec(header) ?? [];
    expect(lines.filter((line) => !line.startsWith("+"))).toHaveLength(Number(before));
    expect(lines.filter((line) => !line.startsWith("-"))).toHaveLength(Number(after));
  }
});
