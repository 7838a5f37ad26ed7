/** Limits that the kernel derives from the memory of the machine when it boots. */
export interface MemorySizes {
  readonly tcpRmemMax: number;
  readonly tcpWmemMax: number;
  readonly tcpMem: readonly number[];
  readonly udpMem: readonly number[];
  readonly tcpEhashEntries: number;
  readonly tcpMaxOrphans: number;
  readonly tcpMaxSynBacklog: number;
  readonly tcpMaxTwBuckets: number;
  readonly fileMax: number;
  readonly threadsMax: number;
}

/** As `tcp_init`, `udp_init`, `files_maxfiles_init` and `set_max_threads` do it, all memory being free. */
export function memorySizes(memoryBytes: number): MemorySizes {
  const pages = Math.floor(memoryBytes / PAGE_SIZE);
  const bufferMax = pages * 32;
  const ehash = hashEntries(memoryBytes);
  return {
    tcpRmemMax: Math.max(131_072, Math.min(6_291_456, bufferMax)),
    tcpWmemMax: Math.max(65_536, Math.min(4_194_304, bufferMax)),
    tcpMem: pressureLimits(Math.floor(pages / 16)),
    udpMem: pressureLimits(Math.floor(pages / 8)),
    tcpEhashEntries: ehash,
    tcpMaxOrphans: ehash / 2,
    tcpMaxSynBacklog: Math.max(128, ehash / 128),
    tcpMaxTwBuckets: ehash / 2,
    fileMax: Math.max(8192, Math.floor(memoryBytes / 1024 / 10)),
    threadsMax: Math.max(20, Math.floor(memoryBytes / (THREAD_SIZE * 8))),
  };
}

const PAGE_SIZE = 4096;
const THREAD_SIZE = 16_384;
const EHASH_ENTRIES_MAX = 524_288;

/** One bucket for each 128 KiB, rounded up to a power of two. */
function hashEntries(memoryBytes: number): number {
  const wanted = Math.max(512, Math.ceil(memoryBytes / 131_072));
  return Math.min(EHASH_ENTRIES_MAX, 2 ** Math.ceil(Math.log2(wanted)));
}

function pressureLimits(pages: number): readonly number[] {
  const limit = Math.max(128, pages);
  const low = Math.floor(limit / 4) * 3;
  return [low, limit, low * 2];
}
