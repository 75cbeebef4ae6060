import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { loadGim, type NamedGim } from '../../../models/gim/gim-file.js';
import { type FeatureTable, readFeatureTable } from '../../perturbation-tables/feature-table.js';
import { printJson, printLine } from '../session/session.js';

interface AskOptions {
  readonly features: string;
  readonly label: string;
  readonly group?: string;
  readonly dose?: string;
}

export interface PredictOptions extends AskOptions {
  readonly out: string;
  readonly cells?: number;
  readonly seed: number;
}

/** `gim predict` */
export async function predict(path: string, options: PredictOptions): Promise<void> {
  const model = loadGim(path);
  const table = await readFitting(model, options);
  const stream = new RandomStream(`gim-predict/${options.seed}`);
  const { gim, variables } = model;
  const lines = table.rows.flatMap(({ label, values }) => {
    const own = stream.child(label);
    if (options.cells === undefined) return [[label, ...gim.predictMean(values, own)].join(',')];
    const drawn = gim.sample(values, options.cells, own);
    return Array.from({ length: options.cells }, (_, row) =>
      [label, ...drawn.subarray(row * variables.length, (row + 1) * variables.length)].join(','),
    );
  });
  writeFileAtomic(options.out, `${[options.label, ...variables].join(',')}\n${lines.join('\n')}\n`);
  printLine(`${table.rows.length} perturbations foretold: ${options.out}`);
}

export interface ExplainOptions extends AskOptions {
  readonly doses?: readonly number[];
  readonly perturbations?: readonly string[];
  readonly json?: boolean;
}

/** Targets below this chance are not printed; the JSON has all. */
const SHOWN_CHANCE = 0.1;

/** `gim explain` */
export async function explain(path: string, options: ExplainOptions): Promise<void> {
  const model = loadGim(path);
  const { gim, variables } = model;
  if (options.doses !== undefined && gim.descriptors.doseFeature === undefined)
    throw new CausalPilotError(
      'E_INPUT',
      '--doses: the model was fitted without a dose; leave it out, or fit with --dose',
    );
  const table = await readFitting(model, options);
  const asked = chooseRows(table, options.perturbations);
  const edges = [...gim.edgeProbabilities()].flatMap((probability, entry) =>
    probability < 0.01
      ? []
      : [
          {
            from: variables[Math.floor(entry / variables.length)] ?? '',
            to: variables[entry % variables.length] ?? '',
            probability,
          },
        ],
  );
  const perturbations = asked.map(({ label, values }) => {
    const [chances, shifts] = [gim.targetProbabilities(values), gim.shifts(values)];
    const targets = variables
      .map((variable, j) => ({ variable, probability: chances[j] ?? 0, shift: shifts[j] ?? 0 }))
      .sort((a, b) => b.probability - a.probability);
    const curve = options.doses && gim.doseCurve(values, options.doses);
    const curves = curve?.map((expected, at) => ({ dose: options.doses?.[at], shifts: [...expected] }));
    return { label, targets, ...(curves === undefined ? {} : { curves }) };
  });
  if (options.json) return printJson({ variables, edges, perturbations });
  printLine(
    `Edges: ${edges.map(({ from, to, probability }) => `${from} -> ${to} (${probability.toFixed(2)})`).join(', ')}`,
  );
  for (const { label, targets, curves } of perturbations) {
    const shown = targets.filter(({ probability }) => probability >= SHOWN_CHANCE);
    const words = shown.map(
      ({ variable, probability, shift }) => `${variable} ${probability.toFixed(2)} (shift ${shift.toFixed(2)})`,
    );
    printLine(`${label}: ${words.length === 0 ? 'no likely target' : words.join(', ')}`);
    for (const { dose, shifts } of curves ?? [])
      printLine(
        `  dose ${dose}: ${shown.map(({ variable }) => `${variable} ${(shifts[variables.indexOf(variable)] ?? 0).toFixed(2)}`).join(', ')}`,
      );
  }
}

/** Features by the names that the model was fitted with, in its order. */
async function readFitting(model: NamedGim, options: AskOptions): Promise<FeatureTable> {
  const table = await readFeatureTable(options.features, {
    labelColumn: options.label,
    groupColumn: options.group,
    doseColumn: options.dose,
  });
  const positions = model.features.map((name) => table.features.indexOf(name));
  const missing = model.features.filter((_, at) => (positions[at] ?? -1) < 0);
  if (missing.length > 0)
    throw new CausalPilotError(
      'E_INPUT',
      `${options.features}: there is no column ${missing.map((name) => `'${name}'`).join(', ')}, which the model was fitted with`,
    );
  const surplus = table.features.filter((name) => !model.features.includes(name));
  if (surplus.length > 0)
    throw new CausalPilotError(
      'E_INPUT',
      `${options.features}: the model does not know ${surplus.map((name) => `'${name}'`).join(', ')}; leave the column out, or name it by --group`,
    );
  const rows = table.rows.map((row) => ({
    ...row,
    values: Float64Array.from(positions, (position) => row.values[position] ?? 0),
  }));
  return { ...table, rows };
}

function chooseRows({ file, rows }: FeatureTable, wanted: readonly string[] | undefined): FeatureTable['rows'] {
  if (wanted === undefined) return rows;
  return wanted.map((label) => {
    const row = rows.find((one) => one.label === label);
    if (row === undefined)
      throw new CausalPilotError('E_INPUT', `--perturbations: ${file} does not describe '${label}'`);
    return row;
  });
}
