import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLinuxSysctlTree, SysctlTree, type SysctlType } from "../src/index.ts";

const NUMBER_TYPES: readonly SysctlType[] = ["bool", "u8", "int", "uint", "ulong", "jiffies"];
const nearlyNumbers = fc.stringMatching(/^[-+ \t\n0-9xXa-fA-F,.]{0,24}$/);
/** Numbers near the types' limits, spelled in each way, with white space and more behind. */
const spelledNumbers = fc
  .record({
    n: fc.oneof(
      fc.bigInt({ min: -300n, max: 300n }),
      fc.bigInt({ min: -(1n << 32n), max: 1n << 32n }),
      fc.bigInt({ min: 0n, max: 1n << 64n }),
    ),
    base: fc.constantFrom(8, 10, 16),
    tail: fc.constantFrom("", " ", "\n", " 7", "\tx"),
  })
  .map(({ n, base, tail }) => {
    const prefix = base === 16 ? "0x" : base === 8 ? "0" : "";
    return `${n < 0n ? "-" : ""}${prefix}${(n < 0n ? -n : n).toString(base)}${tail}`;
  });

function singleParameter(type: SysctlType): SysctlTree {
  const tree = new SysctlTree();
  tree.define({ path: "test.value", type, default: 1, description: "Under test." });
  return tree;
}

test("no text makes set throw, and what is refused changes no single value", () => {
  const tree = createLinuxSysctlTree();
  const paths = tree
    .list()
    .filter((path) => tree.describe(path).length === 1 && path !== "kernel.random.uuid");
  const text = fc.oneof(fc.string({ unit: "binary" }), nearlyNumbers);
  fc.assert(
    fc.property(fc.constantFrom(...paths), text, (path, written) => {
      const before = tree.describe(path).value;
      const errno = tree.assign(path, written);
      expect(errno).toBeLessThanOrEqual(0);
      const isUnchanged = tree.describe(path).value === before;
      expect(errno === 0 || isUnchanged).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("what a number's file shows can be written back and shows the same", () => {
  for (const type of NUMBER_TYPES) {
    const tree = singleParameter(type);
    fc.assert(
      fc.property(spelledNumbers, (written) => {
        const errno = tree.set("test.value", written);
        expect([0, -22]).toContain(errno);
        const shown = tree.get("test.value");
        expect(tree.set("test.value", shown)).toBe(0);
        expect(tree.get("test.value")).toBe(shown);
      }),
    );
  }
});

test("every integer in the range is taken, every other one refused", () => {
  const tree = new SysctlTree();
  const range = { min: -3, max: 200 };
  tree.define({
    path: "test.value",
    type: "int",
    default: 1,
    description: "Under test.",
    ...range,
  });
  fc.assert(
    fc.property(fc.integer({ min: -300, max: 300 }), (n) => {
      const before = tree.get("test.value");
      const isLegal = n >= range.min && n <= range.max;
      expect(tree.set("test.value", n)).toBe(isLegal ? 0 : -22);
      expect(tree.get("test.value")).toBe(isLegal ? `${n}` : before);
    }),
  );
});

test("hexadecimal, octal and decimal spellings mean the same number", () => {
  const tree = singleParameter("ulong");
  // With 20 octal digits and the 0 in front the kernel's buffer would be full.
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 8n ** 19n - 1n }), (n) => {
      const hex = n.toString(16);
      for (const spelling of [`${n}`, `0x${hex}`, `0X${hex.toUpperCase()}`, `0${n.toString(8)}`]) {
        expect(tree.set("test.value", spelling)).toBe(0);
        expect(tree.get("test.value")).toBe(n.toString());
      }
    }),
  );
});

test("a vector's write updates its leading numbers, up to the first bad one", () => {
  const tree = new SysctlTree();
  const initial = [10, 20, 30];
  const vector = { type: "int", default: initial, length: 3, min: 1, max: 99 } as const;
  tree.define({ path: "test.vector", description: "Under test.", ...vector });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 110 }), { minLength: 1, maxLength: 5 }),
      (ns) => {
        tree.setOrThrow("test.vector", initial.join(" "));
        const written = ns.slice(0, 3);
        const firstBad = written.findIndex((n) => n < 1 || n > 99);
        const taken = firstBad < 0 ? written : written.slice(0, firstBad);
        expect(tree.set("test.vector", ns.join(" "))).toBe(firstBad < 0 ? 0 : -22);
        expect(tree.get("test.vector")).toBe([...taken, ...initial.slice(taken.length)].join("\t"));
      },
    ),
  );
});

test("a bitmap shows the sorted, merged runs of what was written", () => {
  const tree = new SysctlTree();
  tree.define({
    path: "test.bits",
    type: "bitmap",
    length: 64,
    default: "",
    description: "Under test.",
  });
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 63 })), (bits) => {
      expect(tree.set("test.bits", bits.join(","))).toBe(0);
      const runs = tree.intvec("test.bits").values;
      const shown: number[] = [];
      for (let i = 0; i < runs.length; i += 2) {
        for (let bit = runs[i] ?? 0; bit <= (runs[i + 1] ?? -1); bit++) shown.push(bit);
      }
      expect(shown).toEqual(bits.toSorted((a, b) => a - b));
      const text = tree.get("test.bits");
      expect(tree.set("test.bits", text)).toBe(0);
      expect(tree.get("test.bits")).toBe(text);
    }),
  );
});

test("a string ends at the first newline and is cut to its length", () => {
  const tree = new SysctlTree();
  tree.define({
    path: "test.text",
    type: "string",
    default: "",
    maxLength: 8,
    description: "Under test.",
  });
  tree.setOrThrow("test.text", "one\ntwo");
  expect(tree.get("test.text")).toBe("one");
  tree.setOrThrow("test.text", "12345678");
  expect(tree.get("test.text")).toBe("1234567");
  tree.setOrThrow("test.text", "123456é");
  expect(tree.get("test.text")).toBe("123456");
  tree.setOrThrow("test.text", "");
  expect(tree.get("test.text")).toBe("");
});
