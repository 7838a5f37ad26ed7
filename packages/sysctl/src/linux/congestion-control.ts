import { SysctlErrno } from "../sysctl-error.ts";
import type { SysctlTree } from "../sysctl-tree.ts";
import { READ_ONLY, string } from "./entry-shorthand.ts";

/**
 * The three parameters of pluggable congestion control (net/ipv4/tcp_cong.c). A stack that registers
 * another algorithm assigns the longer list to `tcp_available_congestion_control`.
 */
export function defineCongestionControl(tree: SysctlTree): void {
  tree.define(
    string(AVAILABLE, "reno cubic", "Congestion control algorithms that are loaded.", LIST),
  );
  tree.define(
    string(CURRENT, "cubic", "Congestion control of new connections; setting it also allows it.", {
      choices: AVAILABLE,
      maxLength: NAME_LENGTH_MAX,
    }),
  );
  tree.define(
    string(ALLOWED, "reno cubic", "Algorithms that programs without CAP_NET_ADMIN may choose.", {
      maxLength: LIST_LENGTH_MAX,
      review: ({ text }) => {
        const names = text.split(" ").filter((name) => name !== "");
        const available = tree.get(AVAILABLE).split(" ");
        if (!names.every((name) => available.includes(name))) return -SysctlErrno.ENOENT;
        return { values: [], text: available.filter((name) => names.includes(name)).join(" ") };
      },
    }),
  );
  tree.subscribe(CURRENT, (_path, name) => {
    tree.assign(ALLOWED, `${tree.get(ALLOWED)} ${name}`);
  });
}

const AVAILABLE = "net.ipv4.tcp_available_congestion_control";
const ALLOWED = "net.ipv4.tcp_allowed_congestion_control";
const CURRENT = "net.ipv4.tcp_congestion_control";
/** TCP_CA_NAME_MAX */
const NAME_LENGTH_MAX = 16;
/** TCP_CA_BUF_MAX */
const LIST_LENGTH_MAX = 2048;
const LIST = { ...READ_ONLY, maxLength: LIST_LENGTH_MAX };
