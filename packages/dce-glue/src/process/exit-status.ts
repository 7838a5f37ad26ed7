/** How a process ended, as waitpid() encodes it (bits/waitstatus.h). */
export function exitedStatus(code: number): number {
  return (code & 0xff) << 8;
}

export function killedStatus(signo: number): number {
  return signo & 0x7f;
}

export function stoppedStatus(signo: number): number {
  return ((signo & 0xff) << 8) | 0x7f;
}

export const CONTINUED_STATUS = 0xffff;

export function WIFEXITED(status: number): boolean {
  return (status & 0x7f) === 0;
}

export function WEXITSTATUS(status: number): number {
  return (status >> 8) & 0xff;
}

export function WIFSIGNALED(status: number): boolean {
  const signo = status & 0x7f;
  return signo !== 0 && signo !== 0x7f;
}

export function WTERMSIG(status: number): number {
  return status & 0x7f;
}

export function WIFSTOPPED(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

export function WSTOPSIG(status: number): number {
  return (status >> 8) & 0xff;
}

export function WIFCONTINUED(status: number): boolean {
  return status === CONTINUED_STATUS;
}
