import { type Intervention, type InterventionKind, observe } from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { GeneNetwork } from './gene-network.js';
import { measureCells, type SergioModel } from './sergio-model.js';

/** Label of cells that nothing was done to. */
const CONTROL = 'control';

/** One condition of a screen. */
export interface ScreenCondition {
  /** In the perturbation column: `control`, `gene3`, `gene1+gene4`, `gene3:knockdown`. */
  readonly label: string;
  readonly intervention: Intervention;
  readonly cells: number;
}

/** Cells of all conditions. Shapes: n cells, d genes. */
export interface ScreenCells {
  /** [d] */
  readonly genes: readonly string[];
  /** [n, d] */
  readonly values: Float32Array;
  /** [n] */
  readonly cellTypes: Int32Array;
  /** [n]; left out where there is only one. */
  readonly batches?: Int32Array;
  /** [n] */
  readonly perturbations: readonly string[];
}

export type PerturbationKind = Extract<InterventionKind, 'knockout' | 'knockdown' | 'overexpression'>;

export function controlCondition(network: GeneNetwork, cells: number): ScreenCondition {
  return { label: CONTROL, intervention: observe(network.size), cells };
}

/**
 * The named genes perturbed together. Knockouts are labelled by their genes alone, as in published screens.
 *
 * @throws CausalPilotError E_INPUT if a gene is unknown or listed twice.
 */
export function perturbation(
  network: GeneNetwork,
  {
    kind,
    genes,
    cells,
  }: { readonly kind: PerturbationKind; readonly genes: readonly string[]; readonly cells: number },
): ScreenCondition {
  if (genes.length === 0) throw new CausalPilotError('E_INPUT', `${kind}: name at least one gene`);
  const targets = new Uint8Array(network.size);
  for (const name of genes) {
    const gene = network.geneIndex(name);
    if (targets[gene] === 1)
      throw new CausalPilotError('E_INPUT', `${kind} ${genes.join(',')}: gene '${name}' is listed twice`);
    targets[gene] = 1;
  }
  const label = `${genes.join('+')}${kind === 'knockout' ? '' : `:${kind}`}`;
  return { label, intervention: { kind, targets }, cells };
}

/** Measures every condition; each depends on the stream's name and its own label only. */
export function simulateScreen(
  model: SergioModel,
  conditions: readonly ScreenCondition[],
  { stream, threads = 1 }: { readonly stream: RandomStream; readonly threads?: number },
): ScreenCells {
  const repeated = conditions.find(({ label }, index) => conditions.findIndex((one) => one.label === label) !== index);
  if (repeated !== undefined)
    throw new CausalPilotError('E_INPUT', `screen: the condition '${repeated.label}' is asked for twice; ask once`);
  const measured = measureCells(
    conditions.map(({ label, intervention, cells }) => ({
      model,
      intervention,
      rows: cells,
      stream: stream.child('condition', label),
    })),
    threads,
  );
  const total = conditions.reduce((sum, { cells }) => sum + cells, 0);
  const values = new Float32Array(total * model.size);
  const cellTypes = new Int32Array(total);
  const batches = new Int32Array(total);
  let row = 0;
  measured.forEach((part) => {
    values.set(part.values, row * model.size);
    cellTypes.set(part.cellTypes, row);
    batches.set(part.batches, row);
    row += part.cellTypes.length;
  });
  return {
    genes: model.network.geneNames,
    values,
    cellTypes,
    ...(model.settings.batches > 1 ? { batches } : {}),
    perturbations: conditions.flatMap(({ label, cells }) => new Array<string>(cells).fill(label)),
  };
}
