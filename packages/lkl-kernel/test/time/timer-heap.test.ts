import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TimerHeap } from "../../src/timer-heap.ts";
import type { HeapEntry } from "../../src/timer-heap.ts";

interface Named extends HeapEntry {
  readonly name: number;
}

test("the heap gives entries by key, then in the order of insertion, whatever is taken out of its middle", () => {
  const operations = fc.array(
    fc.oneof(
      fc.record({ insert: fc.nat(20) }),
      fc.record({ remove: fc.nat(100) }),
      fc.constant({ pop: true }),
    ),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(operations, (plan) => {
      const heap = new TimerHeap<Named>();
      // The same as a list that is kept in order.
      const model: Named[] = [];
      for (const [name, operation] of plan.entries()) {
        if ("insert" in operation) {
          const entry = { name, heapKey: 0, heapSequence: 0, heapIndex: -1 };
          heap.insert(entry, operation.insert);
          const after = model.findIndex((other) => other.heapKey > operation.insert);
          model.splice(after < 0 ? model.length : after, 0, entry);
        } else if (model.length > 0) {
          const index = "remove" in operation ? operation.remove % model.length : 0;
          for (const entry of model.splice(index, 1)) heap.remove(entry);
        }
        expect(heap.size).toBe(model.length);
        expect(heap.first?.name).toBe(model[0]?.name);
        expect(heap.firstKey).toBe(model[0]?.heapKey ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});
