/** Where the command writes; a test hands in its own. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person watches: progress is drawn, and colours are used. */
  readonly isTerminal: boolean;
  /**
   * Keeps what programs print by themselves (`console.log`) away from `out` until the function that
   * it gives is called. Not there where they cannot reach it.
   */
  readonly guardOut?: () => () => void;
}

/** The streams of this process. */
export const PROCESS_OUTPUT: CommandOutput = {
  out: writeToStdout,
  err: (text) => void process.stderr.write(text),
  // A terminal without a width (some pseudo-terminals) cannot be drawn on.
  isTerminal: process.stderr.isTTY && process.stderr.columns > 0,
  guardOut: sendStdoutToStderr,
};

let ownWrite: typeof process.stdout.write | undefined;

function writeToStdout(text: string): void {
  if (ownWrite === undefined) process.stdout.write(text);
  else ownWrite(text);
}

function sendStdoutToStderr(): () => void {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  ownWrite = write;
  stdout.write = stderr.write.bind(stderr);
  return () => {
    stdout.write = write;
    ownWrite = undefined;
  };
}
