/**
 * Results that never reach a program (include/linux/errno.h): a signal ended the call early. After
 * the signal's handlers have run, the call's entry turns them into -EINTR or makes the call again.
 */

/** Made again, unless a handler without SA_RESTART ran. */
export const ERESTARTSYS = 512;
/** Made again only when no handler ran: poll, select, epoll_wait, nanosleep, pause. */
export const ERESTARTNOHAND = 514;
/** Made again whatever handlers ran: the waits of pthreads, which no signal ends. */
export const ERESTARTNOINTR = 513;
