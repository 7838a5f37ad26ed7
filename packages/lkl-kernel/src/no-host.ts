import type { LklHostOperations } from "./host-operations.ts";

/** The host of a kernel that has none: before lkl_init and after lkl_cleanup every allocation fails. */
export const NO_HOST: LklHostOperations = {
  panic: () => {},
  sem_alloc: () => undefined,
  sem_free: () => {},
  sem_up: () => {},
  sem_down: () => undefined,
  mutex_alloc: () => undefined,
  mutex_free: () => {},
  mutex_lock: () => undefined,
  mutex_unlock: () => {},
  thread_create: () => 0,
  thread_exit: () => {
    throw new Error("lkl: no host thread without lkl_init");
  },
  thread_join: () => -1,
  thread_self: () => 0,
  thread_equal: (a, b) => a === b,
  mem_alloc: () => undefined,
  mem_free: () => {},
  jmp_buf_set: (_buf, f) => f(),
  jmp_buf_longjmp: () => {
    throw new Error("lkl: no host thread without lkl_init");
  },
};
