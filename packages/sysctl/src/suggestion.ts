/**
 * The known name that a wrong one most likely meant: the nearest by edit distance, or one that differs
 * only in its directory. `undefined` when none is near.
 */
export function suggestName(wrong: string, known: Iterable<string>): string | undefined {
  const distanceMax = Math.max(2, Math.floor(wrong.length / 6));
  const leaf = leafOf(wrong);
  let best: string | undefined;
  let bestDistance = distanceMax + 1;
  let sameLeaf: string | undefined;
  for (const name of known) {
    if (leafOf(name) === leaf) sameLeaf ??= name;
    if (Math.abs(name.length - wrong.length) >= bestDistance) continue;
    const distance = editDistance(wrong, name);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return bestDistance <= 2 ? best : (sameLeaf ?? best);
}

function leafOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Insertions, deletions, replacements and swaps of neighbours between two texts. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforePrevious[column - 2] ?? cost) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
