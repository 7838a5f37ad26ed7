import { Errno } from "@dcejs/lkl-kernel";

/**
 * lkl_sysctl_parse_write: "net.ipv4.tcp_wmem=4096 87380 2147483647;net.ipv4.ip_forward=1".
 * @param set sets one parameter: 0 or -errno
 * @returns 0, or the first error, at which it stops; -EINVAL for a setting without "="
 */
export function setEach(text: string, set: (path: string, value: string) => number): number {
  for (const setting of text.split(";").filter((one) => one.trim() !== "")) {
    const equals = setting.indexOf("=");
    if (equals < 0) return -Errno.EINVAL;
    const result = set(setting.slice(0, equals).trim(), setting.slice(equals + 1).trim());
    if (result < 0) return result;
  }
  return 0;
}
