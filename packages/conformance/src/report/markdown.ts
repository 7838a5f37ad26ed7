import type { Part } from "../conformance-test.ts";
import { KERNELS, NOT_BUILT } from "../kernels.ts";
import { rowsOf } from "./cell.ts";
import { countVerdicts, type Results } from "./results.ts";

const INTRODUCTION = `# Conformance

The same tests against every kernel behind \`KernelHandle\`: LKL's own suite under its own names, and the behaviour of sockets and the wire that RFCs, man pages and Linux define. Each test runs in a fresh simulation, sees the kernel only through \`KernelHandle\`, \`DceHandle\`, a program's \`Posix\` and the frames on a cable, and gives the same bytes each time; it also fails when the kernel leaves something behind.

\`npm run conformance\` prints this table for the kernels that are built here, \`npm run conformance -- --write\` writes it (columns of kernels that are not built here stay as they were), \`npm test\` checks it.

- **ok**: as expected.
- **n/a**: the kernel has nothing that could be tested; the reason is beside it. Kernels are asked, so a kernel that gains a feature runs its tests.
- **differs**: a known difference from Linux, see [LINUX_DIFFERENCES.md](LINUX_DIFFERENCES.md). When it is gone the test fails until its row here is changed.
- **FAIL**: a bug.
`;

/** docs/CONFORMANCE.md. */
export function markdownReport(parts: readonly Part[], results: Results): string {
  const sections = parts.map((part) => partSection(part, results));
  return [INTRODUCTION, summary(results), ...sections].join("\n");
}

function summary(results: Results): string {
  const head = ["kernel", "ok", "differs", "FAIL", "n/a"];
  const rows = KERNELS.map((kernel) => {
    const verdicts = results[kernel];
    if (verdicts === undefined) return [kernel, NOT_BUILT, "", "", ""];
    const counts = countVerdicts(verdicts);
    return [
      kernel,
      ...(["ok", "differs", "FAIL", "n/a"] as const).map((kind) => String(counts[kind])),
    ];
  });
  return table(head, rows);
}

function partSection(part: Part, results: Results): string {
  const rows = rowsOf(part, results).map(({ name, source, cells, remark }) => [
    `\`${name}\``,
    source,
    ...cells,
    remark,
  ]);
  const head = ["test", "says", ...KERNELS, "remark"];
  return `## ${part.title}\n\n${part.about}\n\n${table(head, rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => tableLine(cells)).join("");
}

function tableLine(cells: readonly string[]): string {
  const safe = cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " "));
  return `| ${safe.join(" | ")} |\n`;
}
