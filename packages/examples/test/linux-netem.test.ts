import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-netem.ts";
import { isMissing } from "./kernels.ts";

test.skipIf(isMissing("linux-6.12"))(
  "ping and TCP see what netem was told: delay, jitter, loss, reordering, duplicates",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    expect(run.result.intact).toBe(6);
    expect(run.result.table).toMatchInlineSnapshot(`
      "
      netem                                  pings          rtt ms          Mbit/s   retransmitted reordering seen
      (nothing)                              20/20     2.016-4.022           87.06               0               0
      delay 50ms                             20/20   52.016-52.016           10.87               0               0
      delay 50ms 10ms                        20/20   45.105-61.818           10.36              14             235
      loss 10%                               17/20     2.016-2.016            7.75              52               0
      delay 20ms reorder 25% 50%             20/20    2.016-22.016            7.34              70              42
      duplicate 20%                          20/20     2.016-2.016           73.42               0               0
      "
    `);
    expect(run.result.queues).toMatch(/^qdisc netem 8001: root refcnt 2 limit 1000 delay 50ms$/m);
    expect(run.result.queues).toMatch(/loss 10%\n Sent \d+ bytes \d+ pkt \(dropped [1-9]\d*,/);
  },
);
