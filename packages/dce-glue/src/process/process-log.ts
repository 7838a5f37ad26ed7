import type { FileAccess } from "../fs/file-access.ts";
import { signalName } from "./signals.ts";
import { WEXITSTATUS, WIFEXITED, WTERMSIG } from "./exit-status.ts";
import type { Process } from "./process.ts";

/** DCE's place for what a process leaves behind. */
export function logFolder(pid: number): string {
  return `/var/log/${pid}`;
}

/** Files of a process that starts: its command line, and empty stdout, stderr and syslog. */
export function writeStartFiles(files: FileAccess, process: Process): void {
  const folder = logFolder(process.pid);
  files.write(`${folder}/cmdline`, `${process.cmdline}\n`);
  for (const name of ["stdout", "stderr", "syslog"]) files.write(`${folder}/${name}`, "");
}

/** `status`: written when the process is over. */
export function writeStatusFile(files: FileAccess, process: Process): void {
  const start = secondsOf(process.startTime);
  const end = secondsOf(process.endTime ?? process.startTime);
  const lines = [
    `Name: ${process.name}`,
    `Pid: ${process.pid}`,
    `PPid: ${process.ppid}`,
    `Uid: ${process.uid}`,
    `Start: ${start}`,
    `End: ${end}`,
    `Exit: ${exitText(process.exitStatus ?? 0)}`,
  ];
  files.write(`${logFolder(process.pid)}/status`, `${lines.join("\n")}\n`);
}

/** "exit 0", "killed by SIGTERM". */
export function exitText(status: number): string {
  return WIFEXITED(status)
    ? `exit ${WEXITSTATUS(status)}`
    : `killed by ${signalName(WTERMSIG(status))}`;
}

function secondsOf(ns: number): string {
  const seconds = Math.floor(ns / 1_000_000_000);
  return `${seconds}.${String(ns % 1_000_000_000).padStart(9, "0")}s`;
}
