import { type Blocked, Errno, type Wait } from "@dcejs/lkl-kernel";
import {
  AF_NETLINK,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NetlinkAttributes,
  type NetlinkMessage,
  netlinkMessages,
  type NetlinkWriter,
  NLM_F_ACK_TLVS,
  NLM_F_DUMP,
  NLMSG_ERROR,
  SOL_NETLINK,
} from "@dcejs/net-stack";
import { errorText } from "../kernel/error-text.ts";
import type { DceSocket, Out, SimMsgHdr } from "../kernel/kernel-objects.ts";
import { NetlinkClient, type NetlinkKernel } from "../netlink/netlink-client.ts";
import { NftBatch, nfgenmsg } from "./nft-batch.ts";
import { NftCommandError, shownAt } from "./nft-command-error.ts";
import { NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES } from "./nft-numbers.ts";
import type { NftFamily } from "./nft-rule.ts";

const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
const BUFFER_OCTETS = 32_768;
const NLMSGERR_ATTR_OFFS = 2;
/** The error's number and the header of the request. */
const NLMSGERR_LENGTH = 20;
const ON = Uint8Array.of(1, 0, 0, 0);

/** nf_tables of one kernel. */
export class NftClient {
  readonly #kernel: NetlinkKernel;
  readonly #netlink: NetlinkClient;
  /** Stays open: closing a socket of nfnetlink waits until the kernel has freed what was deleted. */
  #socket: DceSocket | undefined;

  constructor(kernel: NetlinkKernel) {
    this.#kernel = kernel;
    this.#netlink = new NetlinkClient(kernel, NETLINK_NETFILTER);
  }

  /**
   * Makes all changes or none.
   * @throws {NftCommandError} each that the kernel has refused, with its place
   */
  *commit(batch: NftBatch): Wait<void> {
    const socket = this.#socket ?? (yield* this.#open());
    this.#socket = undefined;
    const message = messageOf(batch.bytes());
    const sent = yield* completed(this.#kernel.sock_sendmsg(socket, message, 0));
    if (sent < 0) throw failure(sent);
    const error = yield* this.#readErrors(socket, batch);
    this.#socket = socket;
    if (error !== undefined) throw error;
  }

  /** @param type NFT_MSG_GET* @throws {NftCommandError} the kernel has no nf_tables */
  *dump(
    type: number,
    family: NftFamily | undefined,
    write: (writer: NetlinkWriter) => void = () => {},
  ): Wait<readonly NetlinkMessage[]> {
    const { errno, messages } = yield* this.#netlink.transact({
      type: (NFNL_SUBSYS_NFTABLES << 8) | type,
      flags: NLM_F_DUMP,
      isDump: true,
      write: (writer) => {
        nfgenmsg(writer, family, 0);
        write(writer);
      },
    });
    if (errno < 0) throw failure(errno);
    return messages;
  }

  *#open(): Wait<DceSocket> {
    const kernel = this.#kernel;
    const out: Out<DceSocket> = { value: undefined };
    const made = kernel.sock_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, out);
    const status = yield* completed(made);
    const socket = out.value;
    if (status < 0 || socket === undefined) throw failure(status);
    for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK]) {
      yield* completed(kernel.sock_setsockopt(socket, SOL_NETLINK, option, ON, ON.length));
    }
    return socket;
  }

  /** Every message is answered before sendmsg() returns. */
  *#readErrors(socket: DceSocket, batch: NftBatch): Wait<NftCommandError | undefined> {
    const buffer = new Uint8Array(BUFFER_OCTETS);
    const errors: { text: string; errno: number }[] = [];
    for (;;) {
      const into = messageOf(buffer);
      const got = yield* completed(this.#kernel.sock_recvmsg(socket, into, MSG_DONTWAIT));
      if (got <= 0) break;
      for (const message of netlinkMessages(buffer.slice(0, got))) {
        const errno = errnoOf(message);
        if (errno < 0) errors.push({ text: shown(batch, message, errno), errno });
      }
    }
    const [first] = errors;
    if (first === undefined) return undefined;
    return new NftCommandError(errors.map(({ text }) => text).join("\n"), 1, first.errno);
  }
}

/** A call that may wait: its result. */
function* completed(call: number | Blocked): Wait {
  return typeof call === "number" ? call : yield call;
}

function errnoOf({ type, payload }: NetlinkMessage): number {
  if (type !== NLMSG_ERROR || payload.length < 4) return 0;
  return new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
}

/** "Could not process rule: …" under the word that the kernel has named. */
function shown(batch: NftBatch, message: NetlinkMessage, errno: number): string {
  const text = `Could not process rule: ${errorText(errno)}`;
  const refused = batch.messageOf(message.seq);
  if (refused === undefined) return `Error: ${text}`;
  const hasMore = (message.flags & NLM_F_ACK_TLVS) !== 0;
  const more = new NetlinkAttributes(message.payload.subarray(NLMSGERR_LENGTH));
  const offset = hasMore ? more.u32(NLMSGERR_ATTR_OFFS) : undefined;
  return shownAt(refused.places.get(offset ?? -1) ?? refused.place, text);
}

function failure(errno: number): NftCommandError {
  const what =
    errno === -Errno.EAGAIN
      ? "The kernel has to wait first"
      : "Unable to initialize Netlink socket";
  return new NftCommandError(`${what}: ${errorText(errno)}`, 3, errno);
}

function messageOf(bytes: Uint8Array): SimMsgHdr {
  return {
    msg_name: undefined,
    msg_namelen: 0,
    msg_iov: [bytes],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
}
