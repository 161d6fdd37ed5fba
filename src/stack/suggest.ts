/** The candidate nearest to a misspelt word, or undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.min(3, Math.floor(word.length / 3) + 1));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean "x"?` for the nearest candidate, or null. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? null : `did you mean "${candidate}"?`;
}

/** More would not be read. */
const maxListed = 8;

/** `did you mean "x"?` for the nearest candidate, else what there is; null when there is nothing. */
export function didYouMeanOneOf(word: string, candidates: Iterable<string>): string | null {
  const all = [...candidates];
  if (all.length === 0) return null;
  const rest = all.length > maxListed ? `, and ${all.length - maxListed} more` : '';
  return didYouMean(word, all) ?? `there is ${all.slice(0, maxListed).join(', ')}${rest}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      let distance = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) distance = Math.min(distance, (beforeLast[column - 2] ?? 0) + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
