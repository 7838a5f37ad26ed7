/** Milliseconds of the host's clock: the only place that reads it. It is shown to people and never reaches a simulation. */
export function wallClockMs(): number {
  // oxlint-disable-next-line no-restricted-properties -- see above
  return Date.now();
}
