/**
 * The candidate that was probably meant: equal but for case and separators, or else the one with the fewest typing
 * errors, if these are few for the name's length; undefined when nothing is near.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const bare = (text: string): string => text.toLowerCase().replaceAll(/[-_. ]/g, '');
  const wanted = bare(name);
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, bare(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined;
}

/** Levenshtein distance: the fewest insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
