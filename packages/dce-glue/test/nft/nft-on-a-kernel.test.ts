import { expect, test } from "vitest";
import {
  kernelProviderNames,
  loadKernelProviders,
  NftCommandError,
  runScenario,
  ScenarioError,
  type SimNode,
  simulation,
} from "../../src/index.ts";

const FULL = "linux-6.12-full";
await loadKernelProviders();
const isMissing = !kernelProviderNames().includes(FULL);
if (isMissing)
  console.warn(`${FULL} is not built ("npm run linux"): the tests that run on it are skipped`);

/** Runs commands on a host, one after the other, and gives what each printed or how it failed. */
async function nft(commands: readonly string[], kernel = FULL): Promise<string[]> {
  const printed: string[] = [];
  await runScenario(
    simulation({ kernel }, (sim) => {
      const node = sim.node("host");
      sim.at("1s", () => {
        for (const command of commands) printed.push(runOn(node, command));
      });
    }),
  );
  return printed;
}

function runOn(node: SimNode, command: string): string {
  try {
    return node.nft(command);
  } catch (error) {
    if (error instanceof NftCommandError) return error.message;
    throw error;
  }
}

const RULESET = `table ip filter {
	set friends {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.5 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip saddr @friends tcp dport { 22, 80, 443-500 } counter packets 3 bytes 120 accept
		iifname "sim0" icmp type echo-request limit rate 5/second accept
		jump refuse
	}

	chain refuse {
		log prefix "refused: " level info reject with icmp admin-prohibited comment "politely"
	}
}
table inet nat {
	chain post {
		type nat hook postrouting priority srcnat - 5; policy accept;
		oifname "sim1" masquerade
		ip6 saddr fe80::/10 tcp dport 5 snat ip6 to [::1]:80
	}
}
`;

test.skipIf(isMissing)(
  "a ruleset is listed as it was given, and given as it was listed",
  async () => {
    const [loaded, listed, flushed, nothing] = await nft([
      RULESET,
      "list ruleset",
      "flush ruleset",
      "list ruleset",
    ]);
    expect(loaded).toBe("");
    expect(listed).toBe(RULESET);
    expect([flushed, nothing]).toEqual(["", ""]);
  },
);

test.skipIf(isMissing)("rules are inserted, replaced and deleted by their handles", async () => {
  const printed = await nft([
    "add table ip t; add chain ip t c; add rule ip t c counter; insert rule ip t c accept",
    "-a list chain ip t c",
    "replace rule ip t c handle 2 drop; add rule ip t c position 3 log",
    "delete rule ip t c handle 3",
    "-a list chain ip t c",
    "flush chain ip t c; list table ip t",
  ]);
  expect(printed).toEqual([
    "",
    "table ip t {\n\tchain c { # handle 1\n\t\taccept # handle 3\n\t\tcounter packets 0 bytes 0 # handle 2\n\t}\n}\n",
    "",
    "",
    "table ip t {\n\tchain c { # handle 1\n\t\tlog # handle 4\n\t\tdrop # handle 2\n\t}\n}\n",
    "table ip t {\n\tchain c {\n\t}\n}\n",
  ]);
});

test.skipIf(isMissing)("elements come and go, of the type that their set has", async () => {
  const printed = await nft([
    "add table ip t; add set ip t s { type inet_service; flags interval; }; add element ip t s { 22, 80-90 }",
    "add element ip t s { ssh, 443 }",
    "add element ip t s { 1000-2000 }",
    "delete element ip t s { 80-90 }",
    "delete element ip t s { 1000-2000 }",
    "add element ip t s { 10.0.0.1 }",
    "add element ip t none { 1 }",
    "list set ip t s",
  ]);
  expect(printed.slice(0, 5)).toEqual(["", "", "", "", ""]);
  expect(printed[5]).toMatch(/^Error: Could not resolve service/);
  expect(printed[6]).toMatch(/^Error: No such file or directory\n/);
  expect(printed[7]).toBe(
    "table ip t {\n\tset s {\n\t\ttype inet_service\n\t\tflags interval\n\t\telements = { 22, 443 }\n\t}\n}\n",
  );
});

test.skipIf(isMissing)("the kernel's refusals show the word that it means", async () => {
  const refused = [
    ["add rule ip t none accept", "No such file or directory", "none"],
    ["delete table ip none", "No such file or directory", "none"],
    ["delete rule ip t c handle 99", "No such file or directory", "99"],
    ["insert rule ip t c position 99 drop", "No such file or directory", "position 99"],
    ["add rule ip t c jump none", "No such file or directory", "none"],
    ["add rule ip t c ip saddr @none", "No such file or directory", "@none"],
    ["create chain ip t c", "File exists", "c"],
  ] as const;
  const commands = refused.map(([command]) => command);
  const [, ...printed] = await nft(["add table ip t; add chain ip t c", ...commands]);
  const expected = refused.map(([command, text, word]) => {
    const at = command.lastIndexOf(word);
    return `Error: Could not process rule: ${text}\n${command}\n${" ".repeat(at)}${"^".repeat(word.length)}`;
  });
  expect(printed).toEqual(expected);
});

test.skipIf(isMissing)("what is given at once comes into force at once or not at all", async () => {
  const [refused, listed] = await nft([
    "add table ip t; add chain ip t c; add rule ip t none accept",
    "list ruleset",
  ]);
  expect(refused).toMatch(/^Error: Could not process rule: No such file or directory\n/);
  expect(listed).toBe("");
});

test.skipIf(isMissing)("before the run commands wait with those of ip, in one order", async () => {
  const run = await runScenario(
    simulation({ kernel: FULL }, (sim) => {
      const node = sim.node("host");
      node.ip("addr add 10.0.0.1/24 dev lo");
      node.nft("add table ip t");
      const listing = node.start("nft", { args: ["list", "tables"] });
      return () => listing.stdout;
    }),
  );
  expect(run.result).toBe("table ip t\n");
});

test.skipIf(isMissing)("a command that the kernel refuses before the run stops it", async () => {
  const scenario = simulation({ kernel: FULL }, (sim) => {
    sim.node("host").nft("add chain ip none c");
  });
  await expect(runScenario(scenario)).rejects.toThrow(ScenarioError);
});

test.skipIf(isMissing)("the program nft reads a file, and exits 1 when it is refused", async () => {
  const run = await runScenario(
    simulation({ kernel: FULL }, (sim) => {
      const node = sim.node("host");
      node.fs.write("/etc/nftables.conf", RULESET);
      node.start("nft", { args: ["-f", "/etc/nftables.conf"] });
      const listing = node.start("nft", { args: ["list ruleset"], at: "1s" });
      const wrong = node.start("nft", { args: ["list table ip none"], at: "2s", expect: 1 });
      const noFile = node.start("nft", { args: ["-f", "/none"], at: "2s", expect: 1 });
      return () => [listing.stdout, wrong.stderr, noFile.stderr];
    }),
  );
  expect(run.ok).toBe(true);
  expect(run.result).toEqual([
    RULESET,
    "Error: No such file or directory\nlist table ip none\n              ^^^^\n",
    'Error: Could not open file "/none": No such file or directory\n',
  ]);
});

test("a kernel without nf_tables says that there is no such protocol", async () => {
  const text = "Unable to initialize Netlink socket: Protocol not supported";
  expect(await nft(["add table ip t", "list ruleset"], "emulated")).toEqual([text, text]);
});
