/** How single IPv4 packets are answered, against what a real Linux answered (record_ip.py). */
import { expect, test } from "vitest";
import { bootHost } from "../tcp/hosts.ts";
import { LOCAL_ADDR } from "../tcp/wire.ts";
import recorded from "./fixtures/linux-ip.json" with { type: "json" };

for (const { name, packet, answers } of recorded.rows) {
  test(`as Linux ${recorded.kernel}: ${name}`, () => {
    const sent: string[] = [];
    const host = bootHost({
      address: LOCAL_ADDR,
      transmit: (view) => sent.push(masked(Buffer.from(view.buffer).toString("hex"))),
    });
    host.receive(Uint8Array.from(Buffer.from(packet, "hex")));
    host.run(1e8);
    expect(sent).toEqual(answers.map(masked));
  });
}

/** Without what counts up from a random start: an ID that is not 0, and with it the checksum. */
function masked(hex: string): string {
  if (hex.slice(8, 12) === "0000") return hex;
  return `${hex.slice(0, 8)}####${hex.slice(12, 20)}####${hex.slice(24)}`;
}
