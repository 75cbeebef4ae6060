/** Names by which commands and configurations ask for an exact posterior in place of a trained one. */
export const EXACT_POSTERIOR_NAMES = ['exact', 'scale-free'] as const;
export type ExactPosteriorName = (typeof EXACT_POSTERIOR_NAMES)[number];

/** Appended to a posterior's name by those who know that its prior does not describe the systems. */
const KNOWINGLY = '-misspecified';

/** What may judge the data of an experiment: a network trained on its systems, or Bayesian inference itself. */
export const POSTERIOR_SOURCES = [
  'learned',
  ...EXACT_POSTERIOR_NAMES,
  ...EXACT_POSTERIOR_NAMES.map((name) => `${name}${KNOWINGLY}` as const),
] as const;

/** What a name says, if it is one of `exact`, `scale-free` and the same with `-misspecified`; a folder is none. */
export function parseExactName(
  source: string,
): { readonly name: ExactPosteriorName; readonly allowMisspecified: boolean } | undefined {
  const allowMisspecified = source.endsWith(KNOWINGLY);
  const plain = allowMisspecified ? source.slice(0, -KNOWINGLY.length) : source;
  const name = EXACT_POSTERIOR_NAMES.find((known) => known === plain);
  return name && { name, allowMisspecified };
}

/** Whether a posterior is computed from the environment's prior and not trained. */
export function isExactPosterior(source: string): boolean {
  return parseExactName(source) !== undefined;
}
