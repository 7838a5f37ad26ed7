/**
 * UDP through a chain of router kernels, with real headers: ns of CPU per packet-hop.
 * Usage: node -C @dcejs/source bench/udp-chain.ts [hops] [packets] — prints one JSON object.
 */
import { SOCK_DGRAM } from "../src/index.ts";
import type { NetDevice } from "../src/index.ts";
import { Network, at, int, ip } from "../test/host/network.ts";
import type { Node } from "../test/host/network.ts";

const PAYLOAD_OCTETS = 1000;
const BATCH = 200;

const hops = Number(process.argv[2] ?? 4);
const packets = Number(process.argv[3] ?? 20_000);
const network = new Network();

const result = network.host.runProgram(function* () {
  const nodes: Node[] = [];
  for (let i = 0; i <= hops; i++) nodes.push(yield* network.node(`n${i}`));
  let previous: NetDevice | undefined;
  for (let i = 0; i < hops; i++) {
    const [left, right] = [nodes[i], nodes[i + 1]];
    if (left === undefined || right === undefined) throw new Error("nodes");
    const [a, b] = yield* network.wire(left, right);
    yield* left.address(a, `10.0.${i}.1/24`);
    yield* right.address(b, `10.0.${i}.2/24`);
    left.sysctl.set("net.ipv4.ip_forward", 1);
    if (i < hops - 1) yield* left.route(`10.0.${hops - 1}.0/24`, `10.0.${i}.2`);
    if (i > 1) yield* left.route("10.0.0.0/24", `10.0.${i - 1}.1`);
    previous = b;
  }
  const [first] = nodes;
  const last = nodes.at(-1);
  if (first === undefined || last === undefined || previous === undefined) throw new Error("nodes");
  if (hops > 1) yield* last.route("10.0.0.0/24", `10.0.${hops - 1}.1`);
  const receiver = yield* last.socket(SOCK_DGRAM);
  yield* last.do(() => {
    receiver.setsockopt(1, 33, int(1 << 28));
    return receiver.bind(at("0.0.0.0", 5000));
  });
  const sender = yield* first.socket(SOCK_DGRAM);
  yield* first.do(() => sender.connect(at(`10.0.${hops - 1}.2`, 5000), 0));
  const data = new Uint8Array(PAYLOAD_OCTETS);
  const msg = {
    msg_name: undefined,
    msg_namelen: 0,
    msg_iov: [data],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
  let delivered = 0;
  const round = function* (count: number) {
    for (let sent = 0; sent < count; sent += BATCH) {
      yield* first.do(() => {
        for (let i = 0; i < BATCH; i++) sender.sendmsg(msg, 0);
      });
      yield* network.sleep(1e6);
      delivered += yield* last.do(() => {
        let n = 0;
        while (receiver.recvmsg(msg, 0x40) === PAYLOAD_OCTETS) n++;
        return n;
      });
    }
  };
  yield* round(Math.min(packets, 4000));
  delivered = 0;
  const before = process.cpuUsage();
  yield* round(packets);
  const { user, system } = process.cpuUsage(before);
  const packetHops = delivered * hops;
  return {
    bench: "udp-chain",
    hops,
    delivered,
    packetHops,
    nsPerPacketHop: Math.round(((user + system) * 1000) / packetHops),
    liveSkbs: network.nodes.reduce((sum, { net }) => sum + net.skbPool.skbsLive, 0),
    destination: ip(`10.0.${hops - 1}.2`),
  };
});
console.log(JSON.stringify(result));
