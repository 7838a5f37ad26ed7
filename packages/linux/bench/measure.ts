/** Wall and CPU time of some work, divided by how often it was done; µs. */
export interface Cost {
  readonly wallUs: number;
  readonly cpuUs: number;
}

export async function costOf(times: number, work: () => void | Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const settled = work();
  if (settled !== undefined) await settled;
  const wall = Number(process.hrtime.bigint() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wallUs: round(wall / times), cpuUs: round((user + system) / times) };
}

/** The round with the least CPU time: what else the machine does is not ours. */
export async function best(rounds: number, measure: () => Promise<Cost>): Promise<Cost> {
  let least: Cost | undefined;
  for (let index = 0; index < rounds; index++) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one at a time
    const cost = await measure();
    if (least === undefined || cost.cpuUs < least.cpuUs) least = cost;
  }
  return least ?? { wallUs: 0, cpuUs: 0 };
}

export function residentMB(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1e6;
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
