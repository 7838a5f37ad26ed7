import { expect, test } from "vitest";
import {
  classIdFromText,
  classIdToText,
  handleFromText,
  handleToText,
  percentFromText,
  percentToText,
  rateFromText,
  rateToText,
  sizeFromText,
  sizeToText,
  timeFromText,
  timeToText,
} from "../../src/tc/tc-values.ts";

test.each([
  ["1mbit", 125_000],
  ["512kbit", 64_000],
  ["8", 1],
  ["1kbps", 1000],
  ["1kibit", 128],
  ["1.5gbit", 187_500_000],
  ["fast", undefined],
  ["1x", undefined],
])("the rate %s is %s octets per second", (text, rate) => {
  expect(rateFromText(text)).toBe(rate);
});

test.each([
  [125_000, "1Mbit"],
  [64_000, "512Kbit"],
  [68_750, "550Kbit"],
  [1, "8bit"],
  [187_500_000, "1500Mbit"],
  [125_000_000, "1Gbit"],
])("%s octets per second are printed as %s", (rate, text) => {
  expect(rateToText(rate)).toBe(text);
});

test.each([
  ["10k", 10_240],
  ["1540", 1540],
  ["2mb", 2_097_152],
  ["1kbit", 128],
  ["9gb", undefined],
  ["x", undefined],
])("the size %s is %s octets", (text, size) => {
  expect(sizeFromText(text)).toBe(size);
});

test.each([
  [10_240, "10Kb"],
  [1539, "1539b"],
  [1600, "1600b"],
  [15_360, "15Kb"],
  [33_554_432, "32Mb"],
])("%s octets are printed as %s", (size, text) => {
  expect(sizeToText(size)).toBe(text);
});

test.each([
  ["50ms", 50_000],
  ["100", 100],
  ["1.5s", 1_500_000],
  ["20us", 20],
  ["x", undefined],
])("the time %s is %s microseconds", (text, time) => {
  expect(timeFromText(text)).toBe(time);
});

test.each([
  [50_000, "50ms"],
  [22_813, "22.8ms"],
  [999, "999us"],
  [10_000_000, "10s"],
  [4999, "5ms"],
])("%s microseconds are printed as %s", (time, text) => {
  expect(timeToText(time)).toBe(text);
});

test("shares, handles and classes survive printing and reading", () => {
  for (const text of ["1%", "0.1%", "25%", "100%"]) {
    expect(percentToText(percentFromText(text) ?? -1)).toBe(text);
  }
  expect(percentFromText("101%")).toBeUndefined();
  for (const text of ["1:", "8001:", "ffff:"])
    expect(handleToText(handleFromText(text) ?? 0)).toBe(text);
  for (const text of ["1:10", "root", "1:", "a:b"]) {
    expect(classIdToText(classIdFromText(text) ?? 0)).toBe(text);
  }
  expect(handleFromText("x:")).toBeUndefined();
  expect(classIdFromText("1:2:3")).toBeUndefined();
});
