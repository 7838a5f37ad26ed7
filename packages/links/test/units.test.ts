import { parseQueueLimit, parseRate, parseSize } from "@dcejs/links";
import { describe, expect, test } from "vitest";

describe("parseRate", () => {
  test.each([
    ["100Mbps", 100e6],
    ["1Gbit", 1e9],
    ["1gbit", 1e9],
    ["56k", 56_000],
    ["56.6kbit", 56_600],
    ["1.5 Mbit/s", 1.5e6],
    ["9600", 9600],
    ["9600bit", 9600],
    ["2Tbit", 2e12],
    ["1Kibit", 1024],
    ["10MBps", 80e6],
    ["1kB/s", 8000],
    [1_000_000, 1_000_000],
    ["0", 0],
  ])("%s is %d bit/s", (text, bits) => {
    expect(parseRate(text)).toBe(bits);
  });

  test.each(["", "fast", "-1Mbit", "1Xbit", "1 2", "ibit", "10kp", -1, Number.NaN, 1e16, Infinity])(
    "%s is refused and named",
    (text) => {
      expect(() => parseRate(text)).toThrow(RangeError);
      expect(() => parseRate(text)).toThrow(JSON.stringify(text));
    },
  );
});

describe("parseSize", () => {
  test.each([
    ["64kB", 65_536],
    ["64kb", 65_536],
    ["1k", 1024],
    ["1MiB", 1_048_576],
    ["1500", 1500],
    ["1500b", 1500],
    ["8kbit", 1024],
    ["1.5k", 1536],
    [99, 99],
  ])("%s is %d octets", (text, octets) => {
    expect(parseSize(text)).toBe(octets);
  });

  test.each(["", "64p", "kB", -1, Number.NaN])("%s is refused and named", (text) => {
    expect(() => parseSize(text)).toThrow(JSON.stringify(text));
  });
});

describe("parseQueueLimit", () => {
  test.each([
    ["100p", { unit: "packets", limit: 100 }],
    ["100", { unit: "packets", limit: 100 }],
    [25, { unit: "packets", limit: 25 }],
    ["64kB", { unit: "bytes", limit: 65_536 }],
    ["1500b", { unit: "bytes", limit: 1500 }],
  ])("%s is %o", (text, limit) => {
    expect(parseQueueLimit(text)).toEqual(limit);
  });

  test.each(["0p", "0kB", "p", "1.5p", "9999999999p", "9999GB", 0, 1.5])(
    "%s is refused and named",
    (text) => {
      expect(() => parseQueueLimit(text)).toThrow(RangeError);
      expect(() => parseQueueLimit(text)).toThrow(JSON.stringify(text));
    },
  );
});
