import type { Blocked, TaskManager, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { EPOLL_NESTING_MAX } from "./limits.ts";
import { LocalFd } from "./local-fd.ts";
import { O_RDWR, POLLERR, POLLHUP, POLLIN, POLLRDNORM } from "./open-flags.ts";
import { PollTable } from "./poll-table.ts";
import { ERESTARTNOHAND } from "./restart.ts";
import type { UnixFd } from "./unix-fd.ts";
import { currentThread, FOREVER } from "./waiter.ts";

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLLWAKEUP = 0x20000000;
export const EPOLLONESHOT = 0x40000000;
/** Bit 31: kept as an unsigned number. */
export const EPOLLET = 0x80000000;

const PRIVATE_BITS = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;

/** struct epoll_event. */
export interface EpollEvent {
  events: number;
  /** The caller's 64 bits, as whatever the caller likes. */
  data: unknown;
}

/** One watched file: a registration that stays, and a place in the ready list. */
class EpollItem extends PollTable {
  readonly file: UnixFd;
  readonly fd: number;
  readonly #epoll: EpollFd;
  override readonly isExclusive: boolean;
  events: number;
  data: unknown;
  isReady = false;

  constructor(epoll: EpollFd, file: UnixFd, fd: number, event: EpollEvent) {
    super();
    this.#epoll = epoll;
    this.file = file;
    this.fd = fd;
    this.events = (event.events | POLLERR | POLLHUP) >>> 0;
    this.data = event.data;
    this.isExclusive = (event.events & EPOLLEXCLUSIVE) !== 0;
  }

  /** What poll() must answer for this item; 0 when a oneshot has fired. */
  get wanted(): number {
    return this.events & ~PRIVATE_BITS;
  }

  override wake(mask: number): boolean {
    if (this.wanted === 0 || (mask !== 0 && (mask & this.wanted) === 0)) return false;
    return this.#epoll.itemIsReady(this);
  }
}

/** epoll(7): waiting costs what is ready, not what is watched (fs/eventpoll.c). */
export class EpollFd extends LocalFd {
  override readonly kind = "epoll";
  readonly #items = new Map<UnixFd, Map<number, EpollItem>>();
  #ready: EpollItem[] = [];
  #itemCount = 0;

  constructor(manager: TaskManager) {
    super(manager, O_RDWR);
  }

  override describe(): string {
    return "anon_inode:[eventpoll]";
  }

  get itemCount(): number {
    return this.#itemCount;
  }

  /** noop_llseek: allowed, and without meaning. */
  override lseek(): number {
    return 0;
  }

  override close(): number {
    for (const byFd of this.#items.values()) for (const item of byFd.values()) item.free();
    for (const file of this.#items.keys()) file.watchers?.delete(this);
    this.#items.clear();
    this.#ready = [];
    this.#itemCount = 0;
    return 0;
  }

  /** epoll_ctl(2). @returns 0, -EEXIST, -ENOENT, -EPERM (cannot be polled), -ELOOP, -EINVAL. */
  control(operation: number, fd: number, file: UnixFd, event: EpollEvent): number {
    if (file === this) return -Errno.EINVAL;
    const item = this.#items.get(file)?.get(fd);
    switch (operation) {
      case EPOLL_CTL_ADD:
        return item === undefined ? this.#add(fd, file, event) : -Errno.EEXIST;
      case EPOLL_CTL_MOD:
        return item === undefined ? -Errno.ENOENT : this.#modify(item, event);
      case EPOLL_CTL_DEL:
        if (item === undefined) return -Errno.ENOENT;
        this.#remove(item);
        return 0;
      default:
        return -Errno.EINVAL;
    }
  }

  /**
   * epoll_wait(2). Fills `out` from the start.
   * @returns events in `out`, 0 at the deadline, -ERESTARTNOHAND, or a Blocked handle.
   */
  waitEvents(out: EpollEvent[], maxEvents: number, deadlineNs: number): number | Blocked {
    if (maxEvents <= 0) return -Errno.EINVAL;
    const count = this.#collect(out, maxEvents);
    if (count > 0) return count;
    if (deadlineNs !== FOREVER && deadlineNs <= this.manager.simulator.now) return 0;
    return this.manager.enter(this.#waitBlocked(out, maxEvents, deadlineNs));
  }

  /** A watched file has forgotten all its holders: it leaves by itself (eventpoll_release). */
  fileClosed(file: UnixFd): void {
    for (const item of this.#items.get(file)?.values() ?? []) this.#remove(item);
  }

  itemIsReady(item: EpollItem): boolean {
    if (!item.isReady) {
      item.isReady = true;
      this.#ready.push(item);
    }
    const isHeard = this.waitPoint.hasWaiters;
    this.waitPoint.wakeUp(POLLIN | POLLRDNORM);
    return isHeard;
  }

  protected override events(): number {
    for (const item of this.#ready) {
      if (item.isReady && (item.file.poll(undefined) & item.wanted) !== 0) {
        return POLLIN | POLLRDNORM;
      }
    }
    return 0;
  }

  *#waitBlocked(out: EpollEvent[], maxEvents: number, deadlineNs: number): Wait {
    const { waiter } = currentThread(this.manager);
    for (;;) {
      const { now } = this.manager.simulator;
      const left = deadlineNs === FOREVER ? FOREVER : Math.max(deadlineNs - now, 0);
      // Linux queues epoll waiters exclusively: one event wakes one of them.
      waiter.isExclusive = true;
      const ended = yield* waiter.waitAt(this.waitPoint, "epoll_wait", left);
      waiter.isExclusive = false;
      const count = this.#collect(out, maxEvents);
      if (count > 0) return count;
      if (ended === "INTERRUPTED") return -ERESTARTNOHAND;
      if (ended === "TIMEOUT") return 0;
    }
  }

  /** ep_send_events: level-triggered items go to the tail of the list and are looked at again. */
  #collect(out: EpollEvent[], maxEvents: number): number {
    if (this.#ready.length === 0) return 0;
    const looking = this.#ready;
    this.#ready = [];
    let count = 0;
    let at = 0;
    for (; at < looking.length && count < maxEvents; at++) {
      const item = looking[at];
      if (item === undefined || !item.isReady) continue;
      item.isReady = false;
      const events = item.file.poll(undefined) & item.wanted;
      if (events === 0) continue;
      const slot = out[count];
      if (slot === undefined) out[count] = { events, data: item.data };
      else {
        slot.events = events;
        slot.data = item.data;
      }
      count++;
      if ((item.events & EPOLLONESHOT) !== 0) item.events &= PRIVATE_BITS;
      else if ((item.events & EPOLLET) === 0) this.#requeue(item);
    }
    // Those that were not looked at keep their place before those that were.
    if (at < looking.length) this.#ready = [...looking.slice(at), ...this.#ready];
    // What is still ready is for the other waiters (ep_done_scan).
    if (count > 0 && this.#ready.length > 0) this.waitPoint.wakeUp(POLLIN | POLLRDNORM);
    return count;
  }

  #requeue(item: EpollItem): void {
    item.isReady = true;
    this.#ready.push(item);
  }

  #add(fd: number, file: UnixFd, event: EpollEvent): number {
    if (!file.isPollable) return -Errno.EPERM;
    if (file instanceof EpollFd) {
      if ((event.events & EPOLLEXCLUSIVE) !== 0) return -Errno.EINVAL;
      if (file.#watches(this, 0) || file.#depth() >= EPOLL_NESTING_MAX) return -Errno.ELOOP;
    }
    const item = new EpollItem(this, file, fd, event);
    const byFd = this.#items.get(file) ?? new Map<number, EpollItem>();
    byFd.set(fd, item);
    this.#items.set(file, byFd);
    this.#itemCount++;
    file.watchers ??= new Set();
    file.watchers.add(this);
    if ((file.poll(item) & item.wanted) !== 0) this.itemIsReady(item);
    return 0;
  }

  #modify(item: EpollItem, event: EpollEvent): number {
    // EPOLLEXCLUSIVE may be given to EPOLL_CTL_ADD only, and such an item may not be changed.
    if (item.isExclusive || (event.events & EPOLLEXCLUSIVE) !== 0) return -Errno.EINVAL;
    item.events = (event.events | POLLERR | POLLHUP) >>> 0;
    item.data = event.data;
    if ((item.file.poll(undefined) & item.wanted) !== 0) this.itemIsReady(item);
    return 0;
  }

  #remove(item: EpollItem): void {
    item.free();
    if (item.isReady) this.#ready = this.#ready.filter((other) => other !== item);
    item.isReady = false;
    const byFd = this.#items.get(item.file);
    byFd?.delete(item.fd);
    if (byFd?.size === 0) {
      this.#items.delete(item.file);
      item.file.watchers?.delete(this);
    }
    this.#itemCount--;
  }

  /** Whether this instance watches `other`, directly or through others. */
  #watches(other: EpollFd, depth: number): boolean {
    if (depth > EPOLL_NESTING_MAX) return true;
    for (const file of this.#items.keys()) {
      if (file === other) return true;
      if (file instanceof EpollFd && file.#watches(other, depth + 1)) return true;
    }
    return false;
  }

  #depth(): number {
    let deepest = 0;
    for (const file of this.#items.keys()) {
      if (file instanceof EpollFd) deepest = Math.max(deepest, file.#depth());
    }
    return deepest + 1;
  }
}
