import { CausalPilotError } from '../../../core/errors.js';
import { overriddenOption } from './read-options.js';

/** How `--module` is described. */
export const MODULE_OPTION =
  "systems of your own: a JavaScript module whose 'makePrior' gives them, in place of environment.prior";

const OPTION = 'environment.prior';

/**
 * Loads the prior of a user's own module and gives the overrides that put it in the place of the experiment's; none where
 * the user's file says already that its systems come from a module, and of which size.
 *
 * @throws CausalPilotError E_INPUT for a module without a prior, E_CONFIG for options of the prior that the user set beside it.
 */
export async function useOwnPrior(
  module: string,
  { set, file }: { readonly set: readonly string[]; readonly file: string | undefined },
): Promise<string[]> {
  const overridden = set.find((override) => `${overriddenOption(override)}.`.startsWith(`${OPTION}.`));
  const written = file === undefined ? undefined : await writtenPrior(file);
  const other = written?.kind === 'module' ? undefined : written?.origin;
  const origin = overridden === undefined ? other : `--set ${overridden}`;
  if (origin !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${origin}: ${OPTION} is not read, since --module makes the systems; leave it out`,
    );
  const { usePriorModule } = await import('../../../envs/design/module-prior.js');
  const { size } = await usePriorModule(module);
  return written === undefined ? [`${OPTION}={ kind: module, variables: ${size} }`] : [];
}

/** The kind of prior that a file itself names, not what it extends, and where; undefined where it says nothing of one. */
async function writtenPrior(file: string): Promise<{ readonly kind: unknown; readonly origin: string } | undefined> {
  const { readConfigFile } = await import('../../../core/config/load-config.js');
  const { nodeAt, parseConfig } = await import('../../../core/config/config-tree.js');
  const parsed = parseConfig(readConfigFile(file));
  // A text that is no YAML is refused with all its problems when the experiment is loaded.
  const prior = 'node' in parsed ? nodeAt(parsed.node, OPTION.split('.')) : undefined;
  if (prior === undefined) return undefined;
  const kind = nodeAt(prior, ['kind']);
  return { kind: kind?.kind === 'scalar' ? kind.value : undefined, origin: prior.origin };
}
