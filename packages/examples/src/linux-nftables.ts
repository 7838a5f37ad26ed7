import { simulation } from "@dcejs/dce-glue";
import { call } from "./programs/call.ts";
import { whoCalls } from "./programs/who-calls.ts";

const INSIDE = "10.0.0.2";
const OUTSIDE = "192.0.2.2";
/** The router's address on the outside. */
const PUBLIC = "192.0.2.1";

/** What does not pass is counted and dropped, so that whoever asks hears nothing. */
const FILTER = `
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname "sim0" tcp dport 9000 counter drop
    iifname "sim0" tcp dport 9001 counter reject with tcp reset
  }
}`;

/** The inside is seen as the router, whose port 8080 is port 80 of the host inside. */
const NAT = `
table ip nat {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "sim1" tcp dport 8080 counter dnat to ${INSIDE}:80
  }
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "sim1" counter masquerade
  }
}`;

/** A router with nftables: rules that drop and refuse, then addresses that it translates in both directions. */
export default simulation(
  {
    description: "nftables on a router: a rule drops, one refuses, then NAT in both directions",
    kernel: "linux-6.12-full",
  },
  (sim) => {
    const inside = sim.node("inside");
    const router = sim.router("router");
    const outside = sim.node("outside");
    sim.link(inside, router, { rate: "100Mbps", delay: "1ms" });
    sim.link(router, outside, { rate: "100Mbps", delay: "5ms" });
    inside.ip(`addr add ${INSIDE}/24 dev sim0`);
    router.ip("addr add 10.0.0.1/24 dev sim0");
    router.ip(`addr add ${PUBLIC}/24 dev sim1`);
    outside.ip(`addr add ${OUTSIDE}/24 dev sim0`);
    inside.ip("route add default via 10.0.0.1");
    outside.ip(`route add 10.0.0.0/24 via ${PUBLIC}`);
    router.nft(FILTER);

    inside.start(whoCalls, { args: [80], daemon: true });
    for (const port of [9000, 9001, 9002]) outside.start(whoCalls, { args: [port], daemon: true });
    const dropped = inside.start(call, { args: [OUTSIDE, 9000], at: "1s", expect: 1 });
    const refused = inside.start(call, { args: [OUTSIDE, 9001], at: "1s", expect: 1 });
    const passed = inside.start(call, { args: [OUTSIDE, 9002], at: "1s" });

    let filtered = "";
    sim.at("200s", () => {
      filtered = router.nft("list ruleset");
      router.nft(`flush ruleset; ${NAT}`);
    });
    const masqueraded = inside.start(call, { args: [OUTSIDE, 9000], at: "201s" });
    const forwarded = outside.start(call, { args: [PUBLIC, 8080], at: "201s" });
    return () => ({
      dropped: dropped.stdout,
      refused: refused.stdout,
      passed: passed.stdout,
      filtered: `\n${filtered}`,
      masqueraded: masqueraded.stdout,
      forwarded: forwarded.stdout,
      translated: `\n${router.nft("list ruleset")}`,
    });
  },
);
