/** struct netlink_ext_ack: what the kernel says about an error besides its number. */
import type { NetlinkPolicy } from "./netlink-policy.ts";

export class NetlinkExtAck {
  message: string | undefined = undefined;
  /** Where the attribute that is to blame begins, from the start of the message. */
  badAttribute: number | undefined = undefined;
  /** What that attribute should have been. */
  policy: NetlinkPolicy | undefined = undefined;

  reset(): void {
    this.message = undefined;
    this.badAttribute = undefined;
    this.policy = undefined;
  }

  /** NL_SET_ERR_MSG. @returns `error`, so that a failure can be one statement */
  say(message: string, error: number): number {
    this.message = message;
    return error;
  }
}
