import type { LinuxCalls } from "./linux-calls.ts";
import { NR } from "./linux-syscall-numbers.ts";

const SYSLOG_ACTION_READ_ALL = 3;
/** The end of the log that is shown: more than a boot prints. */
const LOG_SIZE = 65_536;

/** The kernel's own log, whatever its console has shown, as dmesg(1) prints it. @returns or -errno */
export function readKernelLog(calls: LinuxCalls): string | number {
  const room = calls.service.data(LOG_SIZE);
  const length = calls.serve(NR.syslog, SYSLOG_ACTION_READ_ALL, room, LOG_SIZE);
  if (length < 0) return length;
  // Each line begins with its level: "<6>[    0.000000] …".
  return calls.kernel.machine.text(room, length).replaceAll(/^<\d+>/gm, "");
}
