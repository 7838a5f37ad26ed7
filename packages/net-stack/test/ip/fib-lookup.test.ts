import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FibNh } from "../../src/ip/fib-info.ts";
import { FibTable } from "../../src/ip/fib-table.ts";
import type { FibAlias } from "../../src/ip/fib-table.ts";
import { NO_METRICS } from "../../src/ip/rtable.ts";
import { inet_make_mask } from "../../src/wire/ipv4.ts";

function alias(addr: number, prefixlen: number, priority: number): FibAlias {
  return {
    prefix: (addr & inet_make_mask(prefixlen)) >>> 0,
    prefixlen,
    tos: 0,
    info: {
      fib_type: 1,
      fib_scope: 0,
      fib_protocol: 3,
      fib_priority: priority,
      fib_prefsrc: 0,
      fib_metrics: NO_METRICS,
      nh: new FibNh(undefined, 0, 0, 0),
    },
  };
}

/** What the table must do, by looking at every route. */
function slowLookup(routes: readonly FibAlias[], addr: number): FibAlias | undefined {
  return routes
    .filter((r) => ((addr ^ r.prefix) & inet_make_mask(r.prefixlen)) === 0)
    .toSorted((a, b) => b.prefixlen - a.prefixlen || a.info.fib_priority - b.info.fib_priority)[0];
}

// Few distinct bits, so that prefixes nest and collide.
const address = fc
  .tuple(fc.constantFrom(10, 127, 200, 255), fc.nat(3), fc.nat(3), fc.nat(255))
  .map(([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
const route = fc
  .tuple(address, fc.nat(32), fc.nat(2))
  .map(([addr, length, priority]) => alias(addr, length, priority));

test("the table finds what a linear search finds, also after removals", () => {
  fc.assert(
    fc.property(
      fc.array(route, { maxLength: 60 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.array(address, { minLength: 1, maxLength: 40 }),
      (routes, removed, addresses) => {
        const table = new FibTable(254);
        for (const r of routes) table.insert(r, false);
        const left = routes.filter((r, i) => {
          if (removed[i] === true) table.remove(r);
          return removed[i] !== true;
        });
        expect(table.size).toBe(left.length);
        for (const addr of addresses) {
          expect(table.lookup(addr, () => true)).toBe(slowLookup(left, addr));
        }
      },
    ),
  );
});
