import { expect, test } from "vitest";
import {
  assertKernelHandle,
  KernelHandleError,
  missingDceHandleFields,
  missingKernelHandleFields,
} from "../../src/kernel/handle-fields.ts";

/** facts of DCE's sim-init.h and dce_init.h: struct SimExported. */
const SIM_EXPORTED = `task_create task_destroy task_get_private sock_socket sock_close sock_recvmsg
  sock_sendmsg sock_getsockname sock_getpeername sock_bind sock_connect sock_listen sock_shutdown
  sock_accept sock_ioctl sock_setsockopt sock_getsockopt sock_poll sock_pollfreewait dev_create
  dev_destroy dev_get_private dev_set_address dev_set_mtu dev_create_packet dev_rx sys_iterate_files
  sys_file_read sys_file_write setup_kernel`.split(/\s+/);

/** struct SimImported. */
const SIM_IMPORTED =
  `vprintf malloc free memcpy memset atexit access getenv mkdir open __fxstat fseek
  setbuf fdopen ftell fclose fread fwrite random current_ns event_schedule_ns event_cancel task_start
  task_wait task_current task_wakeup task_yield dev_xmit signal_raised poll_event sem_init sem_destroy
  sem_post sem_wait panic pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock
  pthread_mutex_unlock pthread_mutexattr_init pthread_mutexattr_settype pthread_create pthread_detach
  pthread_exit pthread_join pthread_self pthread_key_create pthread_key_delete pthread_setspecific
  pthread_getspecific clock_gettime timer_create timer_settime task_schedule`.split(/\s+/);

test("every field of DCE's structures is one of the handles", () => {
  const kernelFields = missingKernelHandleFields({});
  const dceFields = missingDceHandleFields({});
  expect(SIM_EXPORTED.filter((name) => !kernelFields.includes(name))).toEqual([]);
  expect(SIM_IMPORTED.filter((name) => !dceFields.includes(name))).toEqual([]);
});

test("the LKL branch's generated helpers are there", () => {
  const helpers = missingKernelHandleFields({}).filter((name) => name.startsWith("dce_lkl_"));
  expect(helpers).toHaveLength(55);
});

test("an incomplete handle is refused with the names of what is missing", () => {
  const handle = { task_create: () => ({}) };
  expect(() => assertKernelHandle(handle, "half")).toThrow(KernelHandleError);
  expect(() => assertKernelHandle(handle, "half")).toThrow(
    /^kernel "half" lacks task_destroy, task_get_private, sock_socket, /,
  );
});

test("members that a class gives count, and what is no function does not", () => {
  class Handle {
    task_create(): object {
      return {};
    }
  }
  expect(missingKernelHandleFields(new Handle())).not.toContain("task_create");
  const wrong = { task_create: 7 };
  expect(missingKernelHandleFields(Object.assign({}, wrong as object))).toContain("task_create");
});

test("a kernel of another version is refused", () => {
  const handle: Record<string, unknown> = {};
  for (const name of missingKernelHandleFields({})) handle[name] = () => 0;
  handle.version = 2;
  expect(() => assertKernelHandle(handle, "old")).toThrow(
    'kernel "old" has version 2 of KernelHandle, not 3',
  );
});
