import { CausalPilotError } from '../../core/errors.js';
import { separatedLines } from './edge-table.js';
import { GeneNetwork } from './gene-network.js';
import { graphOfEdges, type NamedEdge } from './network-json.js';
import { type ParseNetworkTableOptions, uniformIn } from './network-table.js';

// The two input files of SERGIO (build_graph): of interactions, a line for each regulated gene with its number, how many
// regulators it has, their numbers, the strength of each, and the Hill coefficient of each (which may be left out); and of
// master regulators, a line for each with its number and its production rate in every cell type. Numbers start at 0.

export interface SergioFiles {
  /** Text of the file of interactions. */
  readonly interactions: string;
  /** Text of the file of master regulators. */
  readonly regulators: string;
  /** Their names, for messages. */
  readonly sources: { readonly interactions: string; readonly regulators: string };
}

/** Whether text is SERGIO's file of interactions: numbers only, as many as its second one says. */
export function looksLikeSergioInteractions(text: string): boolean {
  const [first] = separatedLines(text.slice(0, text.indexOf('\n') + 1) || text, '');
  if (first === undefined) return false;
  const numbers = trimmed(first.cells).map(Number);
  const count = numbers[1] ?? 0;
  return (
    numbers.every(Number.isFinite) &&
    Number.isInteger(count) &&
    count >= 1 &&
    [2 + 2 * count, 2 + 3 * count].includes(numbers.length)
  );
}

/**
 * The network of SERGIO's two input files, its genes named gene0, gene1, ... by their numbers.
 *
 * @throws CausalPilotError E_INPUT naming file and line of what cannot be used: a line of another length, a gene without a
 * line, two lines for a gene, a Hill coefficient that is not positive, or a cycle.
 */
export function parseSergioFiles(
  { interactions, regulators, sources }: SergioFiles,
  { prior, stream, onDrawn }: Omit<ParseNetworkTableOptions, 'source' | 'genes'>,
): GeneNetwork {
  const rates = readRates(regulators, sources.regulators);
  const { edges, targets, hillCoefficient } = readInteractions(interactions, sources.interactions);
  const numbers = [...new Set([...rates.keys(), ...targets])].sort((a, b) => a - b);
  for (const { regulator, place } of edges)
    if (!numbers.includes(Number(regulator.slice(4))))
      throw new CausalPilotError(
        'E_INPUT',
        `${place}: ${regulator} regulates, but is neither regulated nor in ${sources.regulators}; add its line there`,
      );
  for (const target of targets)
    if (rates.has(target))
      throw new CausalPilotError(
        'E_INPUT',
        `${sources.regulators}: gene${target} is regulated in ${sources.interactions}, so it has no rate of its own; remove it from one of the files`,
      );
  const cellTypes = [...rates.values()][0]!.length;
  const names = numbers.map(nameOf);
  if (hillCoefficient === undefined && edges.some((edge) => edge.hillCoefficient === undefined))
    onDrawn?.('the Hill coefficient');
  onDrawn?.('decays');
  return new GeneNetwork({
    ...graphOfEdges(names, edges, sources.interactions),
    basalRates: Float32Array.from(
      numbers.flatMap((number) => rates.get(number) ?? new Array<number>(cellTypes).fill(0)),
    ),
    decays: Float32Array.from(names, (name) => uniformIn(prior.decays, stream.child('decay', name))),
    hillCoefficient: hillCoefficient ?? prior.hillCoefficient,
    noiseAmplitude: prior.noiseAmplitude,
    noiseKind: prior.noiseKind,
    geneNames: names,
  });
}

function readRates(text: string, source: string): Map<number, number[]> {
  const rates = new Map<number, number[]>();
  let cellTypes: number | undefined;
  for (const { cells, place } of separatedLines(text, source)) {
    const [gene, ...own] = numbersOf(cells, place);
    cellTypes ??= own.length;
    if (own.length === 0 || own.length !== cellTypes)
      throw new CausalPilotError(
        'E_INPUT',
        `${place}: a master regulator needs its number and one rate for each of ${cellTypes} cell types, got ${own.length}`,
      );
    if (rates.has(gene!)) throw new CausalPilotError('E_INPUT', `${place}: ${nameOf(gene!)} is listed twice`);
    rates.set(gene!, own);
  }
  if (rates.size === 0)
    throw new CausalPilotError('E_INPUT', `${source}: it has no master regulators; give at least one`);
  return rates;
}

function readInteractions(text: string, source: string) {
  const edges: NamedEdge[] = [];
  const targets = new Set<number>();
  for (const { cells, place } of separatedLines(text, source)) {
    const [target, count, ...rest] = numbersOf(cells, place) as [number, number, ...number[]];
    if (rest.length !== 2 * count && rest.length !== 3 * count)
      throw new CausalPilotError(
        'E_INPUT',
        `${place}: ${count} regulators need ${2 * count} or ${3 * count} numbers after their count (numbers, strengths, Hill coefficients), got ${rest.length}`,
      );
    if (targets.has(target))
      throw new CausalPilotError('E_INPUT', `${place}: ${nameOf(target)} is listed twice; give it one line`);
    targets.add(target);
    for (let i = 0; i < count; i++) {
      const hillCoefficient = rest[2 * count + i];
      if (hillCoefficient !== undefined && !(hillCoefficient > 0))
        throw new CausalPilotError('E_INPUT', `${place}: a Hill coefficient must be positive, got ${hillCoefficient}`);
      const [regulator, strength] = [nameOf(rest[i]!), rest[count + i]!];
      edges.push({ regulator, target: nameOf(target), strength, hillCoefficient, place });
    }
  }
  return { ...withSharedCoefficient(edges), targets };
}

/** One Hill coefficient that all edges state is the network's. */
function withSharedCoefficient(edges: readonly NamedEdge[]): { edges: NamedEdge[]; hillCoefficient?: number } {
  const [shared, ...others] = new Set(edges.map(({ hillCoefficient }) => hillCoefficient));
  if (shared === undefined || others.length > 0) return { edges: [...edges] };
  return { edges: edges.map((edge) => ({ ...edge, hillCoefficient: undefined })), hillCoefficient: shared };
}

function numbersOf(cells: readonly string[], place: string): number[] {
  return trimmed(cells).map((cell) => {
    const number = Number(cell);
    if (cell === '' || !Number.isFinite(number))
      throw new CausalPilotError('E_INPUT', `${place}: SERGIO's files hold numbers only, got '${cell}'`);
    return number;
  });
}

/** Without empty cells at the end, which a comma behind the last number makes. */
function trimmed(cells: readonly string[]): string[] {
  return cells.slice(0, cells.findLastIndex((cell) => cell !== '') + 1);
}

function nameOf(number: number): string {
  return `gene${number}`;
}
