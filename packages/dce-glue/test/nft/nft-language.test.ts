import { describe, expect, test } from "vitest";
import { NftCommandError } from "../../src/nft/nft-command-error.ts";
import { parseNftCommand } from "../../src/nft/nft-language.ts";

function messageOf(command: string): string {
  try {
    parseNftCommand(command);
    return "parsed";
  } catch (error) {
    if (error instanceof NftCommandError) return error.message;
    throw error;
  }
}

/** What nft 1.0.6 says: the message, and what the carets stand under. */
const ERRORS: [string, string, string][] = [
  ["add table", "syntax error, unexpected newline, expecting string", ""],
  ["add", "syntax error, unexpected newline, expecting string", ""],
  ["list nosuch", "syntax error, unexpected string", "nosuch"],
  ["delete rule ip f c handle x", "syntax error, unexpected string, expecting number", "x"],
  ["delete rule ip f c", "syntax error, unexpected newline, expecting handle", ""],
  ["add rule ip f", "syntax error, unexpected newline, expecting string", ""],
  ["add rule ip f c", "syntax error, unexpected newline", ""],
  ["add rule ip f c tcp", "syntax error, unexpected newline", ""],
  ["add rule ip f c tcp dport", "syntax error, unexpected newline", ""],
  ["add rule ip f c ip nosuch 5", "syntax error, unexpected string", "nosuch"],
  ["add rule ip f c ip saddr { }", "syntax error, unexpected '}'", "}"],
  [
    "add rule ip f c accept }",
    "syntax error, unexpected '}', expecting end of file or newline or semicolon",
    "}",
  ],
  ["add rule ip f c tcp dport 99999", "Service out of range", "99999"],
  ["add rule ip f c tcp dport 80-22", "Range has zero or negative size", "80-22"],
  ["add rule ip f c ip ttl 300", "Value 300 exceeds valid range 0-255", "300"],
  [
    "add rule ip f c ip saddr 10.0.0.999",
    "Could not resolve hostname: Name or service not known",
    "10.0.0.999",
  ],
  [
    "add rule ip f c tcp dport { 22, 80 } udp dport 5",
    "conflicting protocols specified: tcp vs. udp",
    "udp dport",
  ],
  ["add rule ip f c ip6 saddr ::1", "conflicting protocols specified: ip vs. ip6", "ip6 saddr"],
  ["add rule ip f c log level nosuch", "invalid log level", "nosuch"],
  [
    "add rule ip f c reject with icmpx port-unreachable",
    "abstracted ICMP unreachable not supported",
    "port-unreachable",
  ],
  ["add chain ip f c { type nosuch hook input priority 0; }", "unknown chain type", "nosuch"],
  ["add chain ip f c { type filter hook foo priority 0; }", "unknown chain hook", "foo"],
  [
    "add chain ip f c { type filter hook input priority 0; policy nosuch; }",
    "syntax error, unexpected string, expecting accept or drop or '$'",
    "nosuch",
  ],
];

test.each(ERRORS)("%s: %s", (command, message, under) => {
  const [first, line = "", carets = ""] = messageOf(command).split("\n");
  expect(first).toBe(`Error: ${message}`);
  expect(line).toBe(command);
  const at = carets.indexOf("^");
  expect(command.slice(at, at + carets.trim().length)).toBe(under);
});

describe("a source", () => {
  test("holds several commands, with newlines or semicolons between them", () => {
    const { commands } = parseNftCommand("add table a; add table b\nlist tables");
    expect(commands.map(({ action, object }) => `${action} ${object}`)).toEqual([
      "add table",
      "add table",
      "list tables",
    ]);
  });

  test("may be a ruleset: sets and chains come before the rules that name them", () => {
    const { commands } = parseNftCommand(`
      # first the one that jumps
      table ip filter {
        chain input {
          type filter hook input priority filter; policy drop;
          jump mine
        }
        chain mine {
          ip saddr @friends accept # they may
        }
        set friends {
          type ipv4_addr
          elements = { 1.2.3.4,
                       1.2.3.5 }
        }
      }`);
    expect(commands.map(({ action, object }) => `${action} ${object}`)).toEqual([
      "add table",
      "add set",
      "add chain",
      "add chain",
      "add rule",
      "add rule",
    ]);
  });

  test("shows the line where it is wrong", () => {
    expect(messageOf("add table a\nadd nosuch\nadd table b")).toMatch(/^add nosuch$/m);
  });

  test("a command without a family is about ip, and `add filter input accept` is a rule", () => {
    const { commands } = parseNftCommand("add filter input accept");
    expect(commands).toMatchObject([
      { action: "add", object: "rule", family: "ip", table: { text: "filter" } },
    ]);
  });

  test("nothing at all, and options that are none", () => {
    expect(messageOf(" ")).toBe("nft: no command specified");
    expect(messageOf("-x list ruleset")).toBe("nft: invalid option -- 'x'");
  });
});

test("whatever the words are, they are parsed or refused in nft's words", () => {
  const words =
    'add table ip filter chain input { } ; tcp dport 22 , - @x " != set 1.2.3.4/8 log'.split(" ");
  let state = 7;
  for (let i = 0; i < 3000; i++) {
    const picked: string[] = [];
    for (let n = 0; n < 8; n++) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      picked.push(words[state % words.length] ?? "");
    }
    expect(messageOf(picked.join(" "))).toMatch(/^(parsed|Error: .+|nft: .+)/);
  }
});
