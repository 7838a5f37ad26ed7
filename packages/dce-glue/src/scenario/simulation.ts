import type { Instant, RandomStream, Simulator } from "@dcejs/core-sched";
import type { SimLink, SimLinkOptions, SimSwitch } from "./link.ts";
import type { NodeOptions, SimNode } from "./node.ts";
import type { OptionDeclarations, OptionValues } from "./scenario-options.ts";

/** What a scenario's function gets. */
export interface Simulation<O = object> {
  readonly seed: number;
  /** Values of the options that the scenario declares. */
  readonly options: O;
  /** Virtual nanoseconds. */
  readonly now: Instant;
  /** The event loop underneath, for what this interface does not have. */
  readonly simulator: Simulator;
  /** @throws {ScenarioError} name used twice, or no kernel of that name */
  node(name: string, options?: NodeOptions): SimNode;
  /** A node with net.ipv4.ip_forward = 1. */
  router(name: string, options?: NodeOptions): SimNode;
  switch(name: string, options?: SwitchOptions): SimSwitch;
  /** Each node gets a new interface: its first link is sim0, its second sim1… which is up. */
  link(a: SimNode | SimSwitch, b: SimNode | SimSwitch, options?: SimLinkOptions): SimLink;
  /** Calls `action` at virtual time `time`; the time stands still until a promise that it gives is settled. */
  at(time: string | number, action: () => unknown): void;
  /** Ends the run at `time` at the latest. `--until` from outside wins. */
  until(time: string | number): void;
  /**
   * Writes a pcapng file per interface into `folder` (`NODE-sim0.pcapng`, and `NODE-lo.pcapng` if the
   * host's lo carried anything), and a merged one (`all.pcapng`).
   * `--pcap` from outside wins.
   */
  capture(folder: string): void;
  /** The stream of random numbers of that name: a function of the seed and the name only. */
  random(name: string): RandomStream;
}

export interface SwitchOptions {
  /** Output queue of each port: "100p" or "64KB". */
  readonly queue?: string | number;
}

export interface ScenarioConfig<D extends OptionDeclarations> {
  /** @default the name of the file, as the CLI knows it */
  readonly name?: string;
  /** One line for `dce list`. */
  readonly description?: string;
  /** @default 1 */
  readonly seed?: number;
  /** @default "emulated" */
  readonly kernel?: string;
  readonly until?: string | number;
  /** Options that the scenario takes from outside: `{ rate: { type: "string", default: "100Mbps" } }`. */
  readonly options?: D;
}

/** A scenario: what a scenario file exports as its default. */
export interface Scenario<D extends OptionDeclarations = OptionDeclarations, R = unknown> {
  readonly kind: "dce-scenario";
  readonly config: ScenarioConfig<D>;
  // A method, so that a scenario with options is a Scenario: who runs one gives it its own options.
  setup(sim: Simulation<OptionValues<D>>): ScenarioOutcome<R>;
}

/**
 * Builds the network. What it returns is the run's `result`; if that is a function, it is called
 * after the run, and what it gives is the result: the way to report what happened.
 */
export type ScenarioSetup<D extends OptionDeclarations, R> = (
  sim: Simulation<OptionValues<D>>,
) => ScenarioOutcome<R>;

/** What a scenario's function returns: the result, or what will make it; now or later. */
export type ScenarioOutcome<R> = R | (() => R | Promise<R>) | Promise<R | (() => R | Promise<R>)>;

/** Declarations of a scenario without options. */
export type NoOptions = Readonly<Record<string, never>>;

/** Declares a scenario. Nothing runs until `runScenario` or `dce run` gets it. */
export function simulation<const D extends OptionDeclarations = NoOptions, R = void>(
  config: ScenarioConfig<D>,
  setup: ScenarioSetup<D, R>,
): Scenario<D, R> {
  return { kind: "dce-scenario", config, setup };
}

/** Whether a value (a scenario file's default export) is a scenario. */
export function isScenario(value: unknown): value is Scenario {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "dce-scenario" &&
    "config" in value &&
    typeof value.config === "object" &&
    value.config !== null &&
    "setup" in value &&
    typeof value.setup === "function"
  );
}
