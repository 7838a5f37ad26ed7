import { invariant, type RandomStream } from "@dcejs/core-sched";

const PAGE_SIZE = 4096;
/** Regions that ioremap may know (LKL: 256), and the bits of a bus address that lie inside one. */
const REGIONS_MAX = 256;
const REGION_SHIFT = 24;

/** What a device model does with an access to its registers. @returns 0, nonzero for an error */
export interface IomemOperations {
  read(offset: number, value: Uint8Array): number;
  write(offset: number, value: Uint8Array): number;
}

interface IomemRegion {
  readonly size: number;
  readonly operations: IomemOperations;
}

interface Mapping {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Memory of a kernel's host: heap with fault injection, device registers, maps. */
export class HostMemory {
  /** Probability that an allocation fails (DCE: `ErrorRate`), 0..1. */
  errorRate: number;
  readonly #random: RandomStream | undefined;
  readonly #blocks = new Set<Uint8Array>();
  readonly #regions: (IomemRegion | undefined)[] = [];
  readonly #mappings: Mapping[] = [];
  #shared: Uint8Array | undefined;

  constructor(random: RandomStream | undefined, errorRate: number) {
    this.#random = random;
    this.errorRate = errorRate;
  }

  get liveCount(): number {
    return this.#blocks.size + this.#mappings.length;
  }

  /** Zero-filled octets; undefined: the fault injection says no. */
  alloc(size: number): Uint8Array | undefined {
    if (this.errorRate > 0 && this.#random?.bernoulli(this.errorRate) === true) return undefined;
    const block = new Uint8Array(size);
    this.#blocks.add(block);
    return block;
  }

  allocPages(size: number): Uint8Array | undefined {
    return this.alloc(Math.ceil(size / PAGE_SIZE) * PAGE_SIZE);
  }

  free(block: Uint8Array): void {
    invariant(this.#blocks.delete(block), "mem_free: the memory must be allocated, and once only");
  }

  /** Makes a device's registers known. @returns its bus address; 0: no region left, or `size` too large */
  addRegion(size: number, operations: IomemOperations): number {
    if (size <= 0 || size > 2 ** REGION_SHIFT) return 0;
    const free = this.#regions.indexOf(undefined);
    const index = free < 0 ? this.#regions.length : free;
    if (index >= REGIONS_MAX) return 0;
    this.#regions[index] = { size, operations };
    // Index 0 would be address 0, which stands for "none".
    return (index + 1) * 2 ** REGION_SHIFT;
  }

  removeRegion(address: number): void {
    const index = Math.floor(address / 2 ** REGION_SHIFT) - 1;
    if (index in this.#regions) this.#regions[index] = undefined;
  }

  ioremap(address: number, size: number): object | undefined {
    const region = this.#regions[Math.floor(address / 2 ** REGION_SHIFT) - 1];
    if (region === undefined || address % 2 ** REGION_SHIFT !== 0) return undefined;
    return size <= region.size ? region : undefined;
  }

  access(region: object, offset: number, value: Uint8Array, isWrite: boolean): number {
    const known = this.#regions.find((candidate) => candidate === region);
    if (known === undefined || offset < 0 || offset + value.length > known.size) return -1;
    return isWrite ? known.operations.write(offset, value) : known.operations.read(offset, value);
  }

  /** MAP_FIXED_NOREPLACE: undefined where another map is. */
  map(
    address: number,
    size: number,
    bytes: Uint8Array = new Uint8Array(size),
  ): Uint8Array | undefined {
    const overlaps = this.#mappings.some(
      (one) => address < one.address + one.bytes.length && one.address < address + size,
    );
    if (overlaps || size <= 0) return undefined;
    this.#mappings.push({ address, bytes });
    return bytes;
  }

  unmap(bytes: Uint8Array, size: number): number {
    const index = this.#mappings.findIndex(
      (one) => one.bytes === bytes && one.bytes.length === size,
    );
    if (index < 0) return -1;
    this.#mappings.splice(index, 1);
    return 0;
  }

  initShared(size: number): void {
    this.#shared = new Uint8Array(size);
  }

  /** Maps pages of the shared object; they may be mapped several times. */
  mapShared(address: number, pageOffset: number, size: number): Uint8Array | undefined {
    const start = pageOffset * PAGE_SIZE;
    if (this.#shared === undefined || start + size > this.#shared.length) return undefined;
    return this.map(address, size, this.#shared.subarray(start, start + size));
  }

  destroy(): void {
    this.#blocks.clear();
    this.#regions.length = 0;
    this.#mappings.length = 0;
    this.#shared = undefined;
  }
}
