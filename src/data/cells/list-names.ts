/** Names for a sentence: `A, B, C`, the first few of many. */
export function listNames(names: readonly string[], shown = 8): string {
  const list = names.slice(0, shown).join(', ');
  return names.length > shown ? `${list}, ... (${names.length} in all)` : list;
}
