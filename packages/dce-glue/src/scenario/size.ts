import { ScenarioError } from "./scenario-error.ts";

const UNITS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/**
 * Octets of memory: a number, or "64KB", "16MB", "1GB" (powers of 1024).
 * @throws {ScenarioError} it is none
 */
export function parseSize(size: string | number): number {
  const [, digits, unit] = /^(\d+) ?([KMG]B)$/.exec(String(size)) ?? [];
  const octets =
    typeof size === "number" ? size : Number(digits) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(octets) && octets > 0) return octets;
  throw new ScenarioError(`"${size}" is no size: "16MB", "64KB" and 65536 are`);
}
