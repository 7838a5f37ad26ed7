import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLinuxSysctlTree, type SysctlTree } from "../src/index.ts";

test("what is set in one tree is not seen in another", () => {
  const [one, other] = [createLinuxSysctlTree(), createLinuxSysctlTree()];
  one.registerDevice("sim0");
  one.setOrThrow("net.ipv4.tcp_rmem", "1 2 3");
  one.setOrThrow("net.ipv4.conf.default.rp_filter", 2);
  one.define({ path: "net.ipv4.mine", type: "int", default: 1, description: "Under test." });
  other.registerDevice("sim0");
  expect(other.get("net.ipv4.tcp_rmem")).toBe("4096\t131072\t6291456");
  expect(other.get("net.ipv4.conf.sim0.rp_filter")).toBe("0");
  expect(other.has("net.ipv4.mine")).toBe(false);
  expect(other.names("net.ipv4")).not.toContain("mine");
});

test("each tree allows the congestion control that it has loaded", () => {
  const [one, other] = [createLinuxSysctlTree(), createLinuxSysctlTree()];
  one.assign("net.ipv4.tcp_available_congestion_control", "reno cubic bbr");
  one.setOrThrow("net.ipv4.tcp_congestion_control", "bbr");
  expect(one.get("net.ipv4.tcp_allowed_congestion_control")).toBe("reno cubic bbr");
  expect(other.set("net.ipv4.tcp_allowed_congestion_control", "bbr")).toBe(-2);
});

test("the identity of a node is its own, and its stream of random numbers is drawn at boot", () => {
  let drawn = 0;
  const random = (): number => ++drawn;
  const one = createLinuxSysctlTree({ hostname: "one", random });
  const other = createLinuxSysctlTree({ hostname: "other" });
  expect(drawn).toBe(4);
  expect([one.get("kernel.hostname"), other.get("kernel.hostname")]).toEqual(["one", "other"]);
  expect(one.get("kernel.random.boot_id")).toBe("00000001-0000-4002-8000-000300000004");
  other.get("kernel.random.uuid");
  expect(one.get("kernel.random.uuid")).toBe("00000005-0000-4006-8000-000700000008");
  expect(one.describe("kernel.hostname").default).toBe("one");
});

test("the initial numbers that trees have in common cannot be changed", () => {
  const { values } = createLinuxSysctlTree().intvec("net.ipv4.tcp_rmem");
  expect(Object.isFrozen(values)).toBe(true);
});

type Step = readonly [
  "register" | "unregister" | "pin" | "rename" | "set",
  device: string,
  path: string,
  value: number,
];

const devices = ["lo", "sim0", "sim1"] as const;
const families: readonly (readonly [string, readonly string[]])[] = [
  ["net.ipv4.conf", ["rp_filter", "forwarding", "accept_source_route"]],
  ["net.ipv6.conf", ["hop_limit", "forwarding", "disable_ipv6"]],
  [
    "net.ipv4.neigh",
    ["ucast_solicit", "base_reachable_time", "base_reachable_time_ms", "unres_qlen"],
  ],
];
const paths = families.flatMap(([family, names]) =>
  ["all", "default", ...devices].flatMap((device) =>
    names.map((name) => `${family}.${device}.${name}`),
  ),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>("register", "unregister", "pin", "rename", "set", "set", "set"),
    fc.constantFrom(...devices),
    fc.constantFrom("net.ipv4.ip_forward", ...paths),
    fc.integer({ min: 0, max: 3 }),
  ),
  { maxLength: 25 },
);

function take(tree: SysctlTree, [action, device, path, value]: Step): void {
  if (action === "register") tree.registerDevice(device);
  else if (action === "unregister") tree.unregisterDevice(device);
  else if (action === "pin") tree.pinDevice(device);
  else if (action === "rename") tree.renameDevice(device, devices[value] ?? "sim2");
  else tree.set(path, value);
}

/** Every device parameter, by reading it. */
function shown(tree: SysctlTree): Record<string, string | number> {
  return Object.fromEntries(["net.ipv4.ip_forward", ...paths].map((p) => [p, tree.read(p)]));
}

test("asking for a parameter early or late makes no difference to its value", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const [asked, unasked] = [createLinuxSysctlTree(), createLinuxSysctlTree()];
      for (const step of taken) {
        take(asked, step);
        shown(asked);
        take(unasked, step);
      }
      expect(shown(unasked)).toEqual(shown(asked));
    }),
    { numRuns: 300 },
  );
});
