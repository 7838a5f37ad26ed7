import type { SysctlEntry } from "../sysctl-entry.ts";
import { SysctlErrno } from "../sysctl-error.ts";
import { canonicalPath } from "../sysctl-path.ts";
import type { KernelAccess, Reaction } from "../sysctl-template.ts";
import { READ_ONLY, string } from "./entry-shorthand.ts";

const AVAILABLE = "net.ipv4.tcp_available_congestion_control";
const ALLOWED = "net.ipv4.tcp_allowed_congestion_control";
const CURRENT = "net.ipv4.tcp_congestion_control";
/** TCP_CA_NAME_MAX */
const NAME_LENGTH_MAX = 16;
/** TCP_CA_BUF_MAX */
const LIST_LENGTH_MAX = 2048;

/**
 * The three parameters of pluggable congestion control (net/ipv4/tcp_cong.c). A stack that registers
 * another algorithm assigns the longer list to `tcp_available_congestion_control`.
 */
export const CONGESTION_CONTROL: readonly SysctlEntry[] = [
  string(AVAILABLE, "reno cubic", "Congestion control algorithms that are loaded.", {
    ...READ_ONLY,
    maxLength: LIST_LENGTH_MAX,
  }),
  string(CURRENT, "cubic", "Congestion control of new connections; setting it also allows it.", {
    choices: AVAILABLE,
    maxLength: NAME_LENGTH_MAX,
  }),
  string(ALLOWED, "reno cubic", "Algorithms that programs without CAP_NET_ADMIN may choose.", {
    maxLength: LIST_LENGTH_MAX,
  }),
];

/** The key of `tcp_allowed_congestion_control`, for `allowedCongestionControl`. */
export const ALLOWED_KEY: string = canonicalPath(ALLOWED);

/** `tcp_allowed_congestion_control` of one kernel, which takes only what that kernel has loaded. */
export function allowedCongestionControl(kernel: KernelAccess): SysctlEntry | undefined {
  const entry = CONGESTION_CONTROL.find(({ path }) => path === ALLOWED);
  return (
    entry && {
      ...entry,
      review: ({ text }) => {
        const names = text.split(" ").filter((name) => name !== "");
        const available = kernel.get(AVAILABLE).split(" ");
        if (!names.every((name) => available.includes(name))) return -SysctlErrno.ENOENT;
        return { values: [], text: available.filter((name) => names.includes(name)).join(" ") };
      },
    }
  );
}

/** Choosing an algorithm allows it. */
export const CONGESTION_CONTROL_REACTIONS: Readonly<Record<string, Reaction>> = {
  [CURRENT]: (kernel, name) => {
    kernel.assign(ALLOWED, `${kernel.get(ALLOWED)} ${name}`);
  },
};
