import type { Host, HostOptions } from "./host.ts";
import type { Testbed } from "./testbed.ts";
import type { Wire, WireOptions } from "./wire.ts";

export const LEFT = "10.0.0.1";
export const RIGHT = "10.0.0.2";

export interface PairOptions {
  readonly wire?: WireOptions;
  readonly left?: HostOptions;
  readonly right?: HostOptions;
}

export interface Pair {
  readonly left: Host;
  readonly right: Host;
  readonly wire: Wire;
}

/** Two hosts on a cable: left is 10.0.0.1/24, right is 10.0.0.2/24. The round trip is 2 ms. */
export function pair(bed: Testbed, options: PairOptions = {}): Pair {
  const left = bed.host("left", options.left);
  const right = bed.host("right", options.right);
  const wire = bed.link(left, right, options.wire);
  left.ip(`addr add ${LEFT}/24 dev sim0`);
  right.ip(`addr add ${RIGHT}/24 dev sim0`);
  return { left, right, wire };
}

export interface Routed {
  readonly left: Host;
  readonly router: Host;
  readonly right: Host;
  /** left – router. */
  readonly near: Wire;
  /** router – right. */
  readonly far: Wire;
}

/** left 10.0.0.1 – router 10.0.0.254, 10.0.1.254 – right 10.0.1.1, with default routes. */
export function routed(bed: Testbed, far: WireOptions = {}): Routed {
  const left = bed.host("left");
  const router = bed.host("router", { forwarding: true });
  const right = bed.host("right");
  const near = bed.link(left, router);
  const behind = bed.link(router, right, far);
  left.ip(`addr add ${LEFT}/24 dev sim0`);
  router.ip("addr add 10.0.0.254/24 dev sim0");
  router.ip("addr add 10.0.1.254/24 dev sim1");
  right.ip("addr add 10.0.1.1/24 dev sim0");
  left.ip("route add default via 10.0.0.254");
  right.ip("route add default via 10.0.1.254");
  return { left, router, right, near, far: behind };
}
