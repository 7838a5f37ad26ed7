import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FdTable } from "../../src/fd/fd-table.ts";
import { O_CLOEXEC } from "../../src/fd/open-flags.ts";
import { UnixFd } from "../../src/fd/unix-fd.ts";

class CountedFile extends UnixFd {
  override readonly kind = "regular";
  closes = 0;
  override close(): number {
    this.closes++;
    return 0;
  }
  override describe(): string {
    return "counted";
  }
}

test("a new descriptor is the lowest that is free", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 }), (choices) => {
      const table = new FdTable();
      const open = new Set<number>();
      for (const choice of choices) {
        if (open.delete(choice)) table.remove(choice)?.release();
        let lowest = 0;
        while (open.has(lowest)) lowest++;
        expect(table.allocate(new CountedFile(0))).toBe(lowest);
        open.add(lowest);
        expect(table.openCount).toBe(open.size);
        expect([...table.descriptors()]).toEqual([...open].toSorted((a, b) => a - b));
      }
    }),
  );
});

test("a description closes when its last descriptor does", () => {
  const table = new FdTable();
  const file = new CountedFile(0);
  const fd = table.allocate(file);
  const copy = table.dup(fd);
  table.remove(fd)?.release();
  expect(file.closes).toBe(0);
  table.remove(copy)?.release();
  expect(file.closes).toBe(1);
  expect(file.isClosed).toBe(true);
});

test("RLIMIT_NOFILE gives EMFILE, and dup2 beyond it EBADF", () => {
  const table = new FdTable();
  table.limit = 2;
  const file = new CountedFile(0);
  expect(table.allocate(file)).toBe(0);
  expect(table.allocate(file)).toBe(1);
  expect(table.allocate(file)).toBe(-24);
  expect(table.dup3(0, 2, 0, { value: undefined })).toBe(-9);
  expect(file.references).toBe(2);
});

test("dup3 replaces what the number pointed at and refuses equal numbers", () => {
  const table = new FdTable();
  const first = new CountedFile(0);
  const second = new CountedFile(0);
  table.allocate(first);
  table.allocate(second);
  const replaced: { value: UnixFd | undefined } = { value: undefined };
  expect(table.dup3(0, 1, O_CLOEXEC, replaced)).toBe(1);
  replaced.value?.release();
  expect(second.closes).toBe(1);
  expect(table.get(1)).toBe(first);
  expect(table.isCloseOnExec(1)).toBe(true);
  expect(table.isCloseOnExec(0)).toBe(false);
  expect(table.dup3(0, 0, 0, replaced)).toBe(-22);
});

test("dup clears close-on-exec and execve takes only what has it", () => {
  const table = new FdTable();
  const file = new CountedFile(0);
  table.allocate(file, true);
  table.dup(0);
  expect(table.removeCloseOnExec()).toHaveLength(1);
  expect(table.get(0)).toBeUndefined();
  expect(table.get(1)).toBe(file);
});

test("F_DUPFD starts its search at the given number", () => {
  const table = new FdTable();
  const file = new CountedFile(0);
  table.allocate(file);
  expect(table.dup(0, 10)).toBe(10);
  expect(table.dup(0, 10)).toBe(11);
  expect(table.dup(0)).toBe(1);
  expect(table.dup(0, 5000)).toBe(-22);
  expect(table.dup(7)).toBe(-9);
});
