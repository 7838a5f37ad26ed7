/** One Linux tracepoint. Use: `if (tp.isEnabled) tp.emit(...)`, so that it costs a branch when off. */
export interface Tracepoint {
  /** "sched:sched_switch": subsystem and event, as Linux names them. */
  readonly name: string;
  readonly isEnabled: boolean;
  emit(...args: readonly (string | number | boolean)[]): void;
}

/** What a kernel uses when no tracer was handed in. */
export function silentTracepoint(name: string): Tracepoint {
  return { name, isEnabled: false, emit: () => {} };
}
