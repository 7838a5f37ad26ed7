import { runScenario, ScenarioError } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-nftables.ts";
import { FULL_KERNEL, isMissing } from "./kernels.ts";

test.skipIf(isMissing(FULL_KERNEL))(
  "a rule drops until TCP gives up, one refuses at once, and NAT translates in both directions",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    const { dropped, refused, passed, masqueraded, forwarded } = run.result;
    // One SYN, and its repetitions: four a second apart (tcp_syn_linear_timeouts), six at doubling distances.
    expect(dropped).toMatch(/^ETIMEDOUT after 13\d\.\d+ s$/);
    expect(run.result.filtered).toContain("tcp dport 9000 counter packets 11 bytes 660 drop");
    expect(refused).toMatch(/^ECONNREFUSED after 0\.0\d+ s$/);
    expect(passed).toBe("you are 10.0.0.2");
    // The server outside sees the router, the host inside sees who calls the router's port.
    expect(masqueraded).toBe("you are 192.0.2.1");
    expect(forwarded).toBe("you are 192.0.2.2");
    expect(run.result.translated).toMatchInlineSnapshot(`
      "
      table ip nat {
      	chain pre {
      		type nat hook prerouting priority dstnat; policy accept;
      		iifname "sim1" tcp dport 8080 counter packets 1 bytes 60 dnat to 10.0.0.2:80
      	}

      	chain post {
      		type nat hook postrouting priority srcnat; policy accept;
      		oifname "sim1" counter packets 1 bytes 60 masquerade
      	}
      }
      "
    `);
    expect(run.traceHash).toMatchInlineSnapshot(`"b13e66fb06aeca76"`);
  },
);

test("a kernel without nf_tables is told by its own words", async () => {
  const run = runScenario(scenario, { kernel: "emulated" });
  await expect(run).rejects.toThrow(ScenarioError);
  await expect(run).rejects.toThrow(/Unable to initialize Netlink socket: Protocol not supported/);
});
