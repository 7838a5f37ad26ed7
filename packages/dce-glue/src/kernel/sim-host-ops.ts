/** How many objects of each kind a kernel holds of its host now. */
export interface LiveHostObjects {
  readonly semaphores: number;
  readonly mutexes: number;
  readonly threads: number;
  readonly tlsKeys: number;
  readonly timers: number;
  readonly memory: number;
}
