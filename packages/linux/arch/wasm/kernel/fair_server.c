// SPDX-License-Identifier: GPL-2.0
/*
 * Since 6.12 the scheduler keeps a twentieth of the processor for ordinary tasks that real-time ones would starve (the
 * "fair server", of the deadline class). Here nobody starves: no time passes while tasks run. But the host's own calls,
 * which cannot wait, are made by real-time tasks, and now and then the server put an ordinary one before them. It is
 * stopped for good, as writing 0 into debugfs's fair_server/cpu0/runtime would.
 */
#include <asm/host.h>
#include <asm/release.h>

#ifdef WASM_HAS_FAIR_SERVER
#include "../../../kernel/sched/sched.h"

void wasm_stop_fair_server(void)
{
	struct rq *rq = this_rq();
	struct rq_flags flags;

	rq_lock_irqsave(rq, &flags);
	update_rq_clock(rq);
	dl_server_stop(&rq->fair_server);
	rq->fair_server.dl_runtime = 0;
	rq_unlock_irqrestore(rq, &flags);
}
#else
void wasm_stop_fair_server(void)
{
}
#endif
