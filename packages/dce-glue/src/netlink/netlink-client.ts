import { type Blocked, Errno, type Wait } from "@dcejs/lkl-kernel";
import {
  AF_NETLINK,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NetlinkAttributes,
  type NetlinkMessage,
  netlinkMessages,
  NetlinkWriter,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  nlmsgAlign,
  SOCK_RAW,
  SOL_NETLINK,
} from "@dcejs/net-stack";
import type { KernelHandle } from "../kernel/kernel-handle.ts";
import type { DceSocket, Out, SimMsgHdr } from "../kernel/kernel-objects.ts";

/** What of a kernel a netlink client uses. */
export type NetlinkKernel = Pick<
  KernelHandle,
  "sock_socket" | "sock_bind" | "sock_setsockopt" | "sock_sendmsg" | "sock_recvmsg" | "sock_close"
>;

/** One request; its family's header and attributes are written by `write`. */
export interface NetlinkRequest {
  readonly type: number;
  /** Besides NLM_F_REQUEST: NLM_F_DUMP, NLM_F_CREATE… */
  readonly flags: number;
  /** Whether the answer is a dump. @default NLM_F_DUMP with a type of rtnetlink's GET kind */
  readonly isDump?: boolean;
  write(writer: NetlinkWriter): void;
}

/** What a request came to. */
export interface NetlinkAnswer {
  /** 0 or -errno */
  readonly errno: number;
  /** The kernel's own words (NLMSGERR_ATTR_MSG), without a full stop. */
  readonly extack: string | undefined;
  /** Messages besides the acknowledgement, in their order. */
  readonly messages: readonly NetlinkMessage[];
}

/** Whoever answers netlink requests of one family. */
export interface NetlinkTalker {
  /** Waits where the kernel does. */
  transact(request: NetlinkRequest): Wait<NetlinkAnswer>;
}

/** Linux fills its datagrams up to what a program reads with. */
const BUFFER_OCTETS = 32_768;
const MSG_DONTWAIT = 0x40;
/** A dump that changes overtake is made again, as iproute2's user would. */
const DUMP_ATTEMPTS = 4;
const OPTIONS = [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK];

/**
 * A program's side of one netlink family of one kernel. Requests go through sockets that stay open:
 * one, and a further one for each request that begins while another waits.
 */
export class NetlinkClient implements NetlinkTalker {
  readonly #kernel: NetlinkKernel;
  readonly #protocol: number;
  readonly #idle: DceSocket[] = [];
  #lastSeq = 0;

  constructor(kernel: NetlinkKernel, protocol: number) {
    this.#kernel = kernel;
    this.#protocol = protocol;
  }

  /** Waits where the kernel does. In event context the kernel answers at once, or with -EAGAIN. */
  *transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      const answer = yield* this.#attempts(idle, request);
      // A kernel that has booted again does not know the sockets of its former life.
      if (answer.errno !== -Errno.EBADF) return answer;
    }
    const socket = yield* this.#open();
    return typeof socket === "number" ? failure(socket) : yield* this.#attempts(socket, request);
  }

  *#attempts(socket: DceSocket, request: NetlinkRequest): Wait<NetlinkAnswer> {
    let answer = yield* this.#exchange(socket, request);
    for (let i = 1; i < DUMP_ATTEMPTS && wasInterrupted(answer); i++) {
      answer = yield* this.#exchange(socket, request);
    }
    // A request that is given up while it waits does not come here: its socket is not used again.
    if (answer.errno !== -Errno.EBADF) this.#idle.push(socket);
    return answer;
  }

  *#open(): Wait<DceSocket | number> {
    const kernel = this.#kernel;
    const out: Out<DceSocket> = { value: undefined };
    const status = yield* completed(kernel.sock_socket(AF_NETLINK, SOCK_RAW, this.#protocol, out));
    const socket = out.value;
    if (status < 0 || socket === undefined) return status;
    const one = Uint8Array.of(1, 0, 0, 0);
    for (const option of OPTIONS) {
      // Kernels that know less answer less.
      yield* completed(kernel.sock_setsockopt(socket, SOL_NETLINK, option, one, one.length));
    }
    const address = Uint8Array.of(AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const bound = yield* completed(kernel.sock_bind(socket, address, address.length));
    return bound < 0 ? bound : socket;
  }

  *#exchange(socket: DceSocket, request: NetlinkRequest): Wait<NetlinkAnswer> {
    const kernel = this.#kernel;
    const seq = ++this.#lastSeq;
    const isDump = request.isDump ?? ((request.flags & NLM_F_DUMP) !== 0 && isGet(request.type));
    const writer = new NetlinkWriter();
    writer.begin(request.type, request.flags | NLM_F_REQUEST | (isDump ? 0 : NLM_F_ACK), seq, 0);
    request.write(writer);
    writer.end();
    const bytes = writer.bytes();
    const sent = yield* completed(kernel.sock_sendmsg(socket, messageOf(bytes), MSG_DONTWAIT));
    if (sent < 0) return failure(sent);
    const messages: NetlinkMessage[] = [];
    const buffer = new Uint8Array(BUFFER_OCTETS);
    for (;;) {
      const into = messageOf(buffer);
      const got = yield* completed(kernel.sock_recvmsg(socket, into, MSG_DONTWAIT));
      if (got < 0) return failure(got);
      for (const message of netlinkMessages(buffer.slice(0, got))) {
        // What belongs to a request that was given up.
        if (message.seq !== seq) continue;
        if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) messages.push(message);
        else return { ...endOf(message), messages };
      }
    }
  }
}

/** A call that may wait: its result. */
function* completed(call: number | Blocked): Wait {
  return typeof call === "number" ? call : yield call;
}

/** rtnetlink's kinds of types: NEW, DEL, GET, SET. */
function isGet(type: number): boolean {
  return (type & 3) === 2;
}

function failure(errno: number): NetlinkAnswer {
  return { errno, extack: undefined, messages: [] };
}

function wasInterrupted({ messages }: NetlinkAnswer): boolean {
  return messages.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0);
}

/** NLMSG_ERROR, or NLMSG_DONE at the end of a dump: -errno, and the kernel's words behind it. */
function endOf({ type, flags, payload }: NetlinkMessage): Omit<NetlinkAnswer, "messages"> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const errno = payload.length < 4 ? -Errno.EIO : view.getInt32(0, true);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, extack: undefined };
  // struct nlmsgerr holds the header of the request, and all of the request unless that was cut.
  let at = 4;
  if (type === NLMSG_ERROR) {
    const isCapped = (flags & NLM_F_CAPPED) !== 0 || payload.length < 8;
    at += isCapped ? 16 : nlmsgAlign(view.getUint32(4, true));
  }
  const attributes = new NetlinkAttributes(payload.subarray(Math.min(at, payload.length)));
  return { errno, extack: attributes.text(NLMSGERR_ATTR_MSG) };
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
