import { execFileSync, spawnSync } from "node:child_process";

export const hasTshark: boolean = spawnSync("tshark", ["--version"]).status === 0;
if (!hasTshark) console.warn("no tshark on PATH: the tests that read captures with it are skipped");

/** Options: every checksum is verified. */
export const CHECKSUMS_ON: readonly string[] = ["ip", "tcp", "udp"].flatMap((protocol) => [
  "-o",
  `${protocol}.check_checksum:TRUE`,
]);
/** A display filter: what nobody should send. */
export const WRONG: string = [
  "_ws.malformed",
  "ip.checksum.status == 0",
  "tcp.checksum.status == 0",
  "udp.checksum.status == 0",
  "icmp.checksum.status == 0",
  "_ws.expert.severity == error",
].join(" || ");

/** @returns the lines that tshark prints */
export function tshark(args: readonly string[]): string[] {
  return execFileSync("tshark", ["-n", ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"],
  })
    .split("\n")
    .filter((line) => line !== "");
}
