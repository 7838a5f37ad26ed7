import { expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { simulation } from "../../src/scenario/simulation.ts";

/** Runs commands on a host with one cable, one after the other, and gives what each printed or refused. */
async function session(...commands: string[]): Promise<string[]> {
  const printed: string[] = [];
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"));
    sim.at("1ms", () => {
      for (const command of commands) {
        try {
          printed.push(node.ip(command));
        } catch (error) {
          if (!(error instanceof IpCommandError)) throw error;
          printed.push(error.message);
        }
      }
    });
  });
  await runScenario(scenario);
  return printed;
}

/** As recorded from iproute2 6.1.0 on Linux 6.18, the same commands in the same order. */
test("routes as Linux keeps and prints them", async () => {
  expect(
    await session(
      "addr add 10.0.0.1/24 dev sim0",
      "route add default via 10.0.0.254",
      "route add default via 10.0.0.254",
      "route add 10.5.0.0/16 via 192.168.7.1",
      "route add 10.5.0.0/16",
      "route add 10.5.0.1/16 dev sim0",
      "route add 10.5.0.0/16 via 10.0.0.254 src 10.77.0.1",
      "route add 10.5.0.0/16 via 10.0.0.254 metric 7",
      "route append 10.5.0.0/16 via 10.0.0.253 metric 7",
      "route add 10.6.0.0/16 dev sim0 scope host",
      "route add blackhole 10.9.0.0/16",
      "route add unreachable 10.8.0.0/16 metric 5",
      "route add prohibit 10.7.0.0/16",
      "route add 10.20.0.0/16 via 10.0.0.254 table 100",
      "route show table 100",
      "route del 10.99.0.0/16",
      "route replace 10.5.0.0/16 dev sim0 metric 7",
      "route show",
      "route show table local",
      "route get 10.0.0.77",
      "route get 1.2.3.4",
      "route get 10.0.0.1",
      "route get 10.9.1.1",
      "route get 10.8.1.1",
      "route get 10.7.1.1",
      "-j route get 1.2.3.4",
      "route flush table 100",
      "route show table 100",
    ),
  ).toEqual([
    "",
    "",
    "RTNETLINK answers: File exists",
    "Error: Nexthop has invalid gateway.",
    "RTNETLINK answers: No such device",
    "Error: Invalid prefix for given prefix length.",
    "Error: Invalid prefsrc address.",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "10.20.0.0/16 via 10.0.0.254 dev sim0 \n",
    "RTNETLINK answers: No such process",
    "",
    [
      "default via 10.0.0.254 dev sim0 ",
      "10.0.0.0/24 dev sim0 proto kernel scope link src 10.0.0.1 ",
      "10.5.0.0/16 dev sim0 scope link metric 7 ",
      "10.5.0.0/16 via 10.0.0.253 dev sim0 metric 7 ",
      "10.6.0.0/16 dev sim0 scope host ",
      "prohibit 10.7.0.0/16 ",
      "unreachable 10.8.0.0/16 metric 5 ",
      "blackhole 10.9.0.0/16 ",
      "",
    ].join("\n"),
    [
      "local 10.0.0.1 dev sim0 proto kernel scope host src 10.0.0.1 ",
      "broadcast 10.0.0.255 dev sim0 proto kernel scope link src 10.0.0.1 ",
      "local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 ",
      "local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 ",
      "broadcast 127.255.255.255 dev lo proto kernel scope link src 127.0.0.1 ",
      "",
    ].join("\n"),
    "10.0.0.77 dev sim0 src 10.0.0.1 uid 0 \n    cache \n",
    "1.2.3.4 via 10.0.0.254 dev sim0 src 10.0.0.1 uid 0 \n    cache \n",
    "local 10.0.0.1 dev lo src 10.0.0.1 uid 0 \n    cache <local> \n",
    "RTNETLINK answers: Invalid argument",
    "RTNETLINK answers: No route to host",
    "RTNETLINK answers: Permission denied",
    '[{"dst":"1.2.3.4","gateway":"10.0.0.254","dev":"sim0","prefsrc":"10.0.0.1","flags":[],"uid":0,"cache":[]}]\n',
    "",
    "",
  ]);
});

test("addresses: order, secondaries, labels, and what is refused", async () => {
  expect(
    await session(
      "addr add 10.0.0.1/24 dev sim0",
      "addr add 10.0.0.1/24 dev sim0",
      "addr add 10.0.0.2/24 brd + dev sim0",
      "addr add 10.0.0.3 dev sim0",
      "addr del 10.9.9.9/24 dev sim0",
      "addr show dev sim0",
      "addr flush dev sim0",
      "-br addr show dev sim0",
    ),
  ).toEqual([
    "",
    "Error: ipv4: Address already assigned.",
    "",
    "",
    "Error: ipv4: Address not found.",
    `2: sim0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo state UP group default qlen 1000
    link/ether 00:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.1/24 scope global sim0
       valid_lft forever preferred_lft forever
    inet 10.0.0.3/32 scope global sim0
       valid_lft forever preferred_lft forever
    inet 10.0.0.2/24 brd 10.0.0.255 scope global secondary sim0
       valid_lft forever preferred_lft forever
`,
    "",
    "sim0             UP             \n",
  ]);
});

test("links: MTU limits, names, flags", async () => {
  expect(
    await session(
      "link set sim0 mtu 10",
      "link set sim0 mtu 999999",
      "link set sim0 name lo",
      "link set sim0 down name lo",
      "link set sim0 down",
      "link set sim0 name wan mtu 1400 txqueuelen 7",
      "route add 10.5.0.0/16 dev wan",
      "link set wan address 02:00:00:00:00:07 promisc on",
      "link show wan",
      "link set sim0 up",
    ),
  ).toEqual([
    "Error: mtu less than device minimum.",
    "Error: mtu greater than device maximum.",
    expect.stringMatching(/^RTNETLINK answers: (Device or resource busy|File exists)$/),
    expect.stringMatching(/^RTNETLINK answers: (Device or resource busy|File exists)$/),
    "",
    "",
    "Error: Device for nexthop is not up.",
    "",
    `2: wan: <BROADCAST,MULTICAST,PROMISC> mtu 1400 qdisc pfifo state DOWN mode DEFAULT group default qlen 7
    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff
`,
    'Cannot find device "sim0"',
  ]);
});

test("neighbours: permanent, replaced, refused, flushed", async () => {
  expect(
    await session(
      "neigh add 10.0.0.9 lladdr 00:00:00:00:00:09 dev sim0",
      "neigh add 10.0.0.9 lladdr 00:00:00:00:00:09 dev sim0",
      "neigh",
      "neigh replace 10.0.0.9 lladdr 00:00:00:00:00:0a dev sim0 nud stale",
      "neigh change 10.0.0.8 lladdr 00:00:00:00:00:0a dev sim0",
      "neigh add 10.0.0.10 dev sim0",
      "neigh show dev sim0",
      "neigh del 10.0.0.99 dev sim0",
      "neigh flush dev sim0",
      "neigh",
    ),
  ).toEqual([
    "",
    "RTNETLINK answers: File exists",
    "10.0.0.9 dev sim0 lladdr 00:00:00:00:00:09 PERMANENT \n",
    "",
    "RTNETLINK answers: No such file or directory",
    "Error: No link layer address given.",
    "10.0.0.9 lladdr 00:00:00:00:00:0a STALE \n",
    "RTNETLINK answers: No such file or directory",
    "",
    "",
  ]);
});
