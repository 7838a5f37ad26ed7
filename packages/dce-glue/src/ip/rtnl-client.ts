import type { Wait } from "@dcejs/lkl-kernel";
import type { NetlinkMessage } from "@dcejs/net-stack";
import { errorText } from "../kernel/error-text.ts";
import type { LinkRecord, RtnlExtack, RtnlRequest } from "../kernel/rtnl-request.ts";
import type { NetlinkRequest, NetlinkTalker } from "../netlink/netlink-client.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { IpCommandError } from "./ip-command-error.ts";

/**
 * Sends one request and waits for its answer.
 * @throws {IpCommandError} with exit code 2, in the words of libnetlink: the kernel's own message
 * when it gave one, else "RTNETLINK answers: " and the error's text.
 */
export function* talk(client: RtnlClient, request: RtnlRequest): Wait<void> {
  const extack: RtnlExtack = { message: undefined };
  const answer = yield* client.request(request, extack);
  if (answer < 0) throw refusal(answer, extack.message);
}

/** As {@link talk}, for messages that have no record. @returns what the kernel answers with */
export function* talkMessages(
  talker: NetlinkTalker,
  request: NetlinkRequest,
): Wait<readonly NetlinkMessage[]> {
  const { errno, extack, messages } = yield* talker.transact(request);
  if (errno < 0) throw refusal(errno, extack);
  return messages;
}

function refusal(errno: number, extack: string | undefined): IpCommandError {
  const text =
    extack === undefined
      ? `RTNETLINK answers: ${errorText(errno)}`
      : // The kernel's words may end with a full stop of their own.
        `Error: ${extack}${extack.endsWith(".") ? "" : "."}`;
  return new IpCommandError(text, 2, errno);
}

export function* dumpLinks(client: RtnlClient): Wait<readonly LinkRecord[]> {
  const request = { type: "RTM_GETLINK", reply: [] as LinkRecord[] } satisfies RtnlRequest;
  yield* talk(client, request);
  return request.reply;
}

/** `ll_name_to_index()` @throws {IpCommandError} Cannot find device "sim9" */
export function* findDevice(client: RtnlClient, name: string): Wait<LinkRecord> {
  const links = yield* dumpLinks(client);
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined) throw new IpCommandError(`Cannot find device "${name}"`, 1);
  return link;
}

/** `ll_index_to_name()` */
export function deviceName(links: readonly LinkRecord[], ifindex: number): string {
  return links.find((link) => link.ifindex === ifindex)?.name ?? `if${ifindex}`;
}
