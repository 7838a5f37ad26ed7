import { CommandError } from "../process/command-program.ts";

/** A command of the `ip` language failed, in iproute2's words. */
export class IpCommandError extends CommandError {
  override readonly name = "IpCommandError";
  /** What `ip` exits with: 255 a command that makes no sense, 1 a bad value, 2 the kernel refused. */
  readonly exitCode: 1 | 2 | 255;
  /** The whole command: "addr add x dev sim0". Empty until the command is known. */
  command = "";
  readonly errno: number;

  constructor(message: string, exitCode: 1 | 2 | 255, errno = 0) {
    super(message);
    this.exitCode = exitCode;
    this.errno = errno;
  }
}
