import { expect, test } from "vitest";
import { kernelProviderNames, loadKernelProviders } from "../../src/index.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { simulation } from "../../src/scenario/simulation.ts";

const PLAIN = "linux-6.12";
const FULL = "linux-6.12-full";
await loadKernelProviders();
const built = kernelProviderNames();

function isMissing(kernel: string): boolean {
  if (built.includes(kernel)) return false;
  console.warn(`${kernel} is not built ("npm run linux"): the tests that run on it are skipped`);
  return true;
}

/** Runs programs one after the other on a node with one cable, and gives what each wrote. */
async function session(kernel: string, commands: readonly string[]): Promise<string[]> {
  const scenario = simulation({ kernel }, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"));
    node.ip("addr add 10.77.0.1/24 dev sim0");
    const processes = commands.map((command, index) => {
      const [program = "", ...args] = command.split(" ");
      return node.start(program, { args, at: `${1000 + index}ms`, expect: "any" });
    });
    return () => processes.map(({ stdout, stderr }) => stdout + stderr);
  });
  return (await runScenario(scenario)).result ?? [];
}

const QUEUES = [
  "tc qdisc add dev sim0 root handle 1: netem delay 10ms 2ms 25% loss 1% limit 500",
  "tc -s qdisc show dev sim0",
  "tc qdisc replace dev sim0 root handle 2: htb default 10",
  "tc class add dev sim0 parent 2: classid 2:10 htb rate 1mbit ceil 2mbit",
  "tc qdisc add dev sim0 parent 2:10 handle 10: fq_codel",
  "tc qdisc show dev sim0",
  "tc class show dev sim0",
  "tc qdisc add dev sim0 root bogus",
  "tc qdisc del dev sim0 root",
  "tc qdisc show dev sim0",
];

test.skipIf(isMissing(PLAIN))("a real Linux takes queues from tc and tells of them", async () => {
  const printed = await session(PLAIN, QUEUES);
  expect(printed).toEqual([
    "",
    "qdisc netem 1: root refcnt 2 limit 500 delay 10ms  2ms 25% loss 1%\n" +
      " Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n" +
      " backlog 0b 0p requeues 0\n",
    "",
    "",
    "",
    "qdisc htb 2: root refcnt 2 r2q 10 default 0x10 direct_packets_stat 0 direct_qlen 1000\n" +
      "qdisc fq_codel 10: parent 2:10 limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms memory_limit 32Mb ecn drop_batch 64 \n",
    "class htb 2:10 root leaf 10: prio 0 rate 1Mbit ceil 2Mbit burst 1600b cburst 1600b \n",
    "Error: Specified qdisc kind is unknown.\n",
    "",
    "qdisc pfifo_fast 0: root refcnt 2 bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1\n",
  ]);
});

test.skipIf(isMissing(PLAIN))("addresses, routes and rules of a real Linux, IPv6 too", async () => {
  const printed = await session(PLAIN, [
    "ip route add 10.5.0.0/16 via 10.77.0.9 metric 7",
    "ip route add 10.5.0.0/16 via 10.77.0.9 metric 7",
    "ip route",
    "ip -6 addr add fd00::1/64 dev sim0 nodad",
    "ip -6 route add fd01::/64 via fd00::2",
    "ip -6 route get fd01::5",
    "ip rule add from 10.0.0.0/8 lookup 100 pref 1000",
    "ip rule",
    "ip route add 10.6.0.0/16 via 10.99.0.1",
  ]);
  // Kernels with routes by source say it.
  expect(printed.map((text) => text.replace("from :: ", ""))).toEqual([
    "",
    "RTNETLINK answers: File exists\n",
    "10.5.0.0/16 via 10.77.0.9 dev sim0 metric 7 \n" +
      "10.77.0.0/24 dev sim0 proto kernel scope link src 10.77.0.1 \n",
    "",
    "",
    "fd01::5 via fd00::2 dev sim0 src fd00::1 metric 1024 pref medium\n",
    "",
    "0:\tfrom all lookup local\n1000:\tfrom 10.0.0.0/8 lookup 100\n" +
      "32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
    "Error: Nexthop has invalid gateway.\n",
  ]);
});

test.skipIf(isMissing(FULL))("links that software makes, MPTCP's endpoints, and cake", async () => {
  const printed = await session(FULL, [
    "ip link add br0 type bridge",
    "ip link add link sim0 name sim0.5 type vlan id 5",
    "ip link add v0 type veth peer name v1",
    "ip link set v0 master br0",
    "ip link add vx0 type vxlan id 42 dev sim0 remote 10.77.0.2 dstport 4789",
    "ip -br link show master br0",
    "ip -br link show type vlan",
    "ip link set v0 nomaster",
    "ip link show master br0",
    "ip mptcp endpoint add 10.77.0.1 dev sim0 subflow",
    "ip mptcp endpoint show",
    "ip mptcp limits set subflow 2 add_addr_accepted 2",
    "ip mptcp limits",
    "tc qdisc add dev sim0 root handle 1: cake bandwidth 10mbit ethernet dual-srchost nat",
    "tc qdisc show dev sim0",
  ]);
  expect(printed.map((text) => text.replaceAll(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g, "MAC"))).toEqual([
    "",
    "",
    "",
    "",
    "",
    "v0@v1            DOWN           MAC <BROADCAST,MULTICAST,M-DOWN> \n",
    "sim0.5@sim0      DOWN           MAC <BROADCAST,MULTICAST> \n",
    "",
    "",
    "",
    "10.77.0.1 id 1 subflow dev sim0 \n",
    "",
    "add_addr_accepted 2 subflows 2 \n",
    "",
    "qdisc cake 1: root refcnt 2 bandwidth 10Mbit diffserv3 dual-srchost nat nowash no-ack-filter split-gso rtt 100ms noatm overhead 38 mpu 84 \n",
  ]);
});
