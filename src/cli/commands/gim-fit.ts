import { RandomStream } from '../../../core/random/stream.js';
import { printJson, printLine } from '../session/session.js';

export interface FitOptions {
  readonly features: string;
  readonly out: string;
  readonly control: string;
  readonly transform: 'none' | 'log-normalise';
  readonly mechanisms: 'linear' | 'additive';
  readonly holdOut?: 'doses' | 'perturbations';
  readonly variables: number;
  readonly seed: number;
  readonly label: string;
  readonly group?: string;
  readonly dose?: string;
  readonly json?: boolean;
}

/** `gim fit` */
export async function fitTables(cells: string, options: FitOptions): Promise<void> {
  const { readFeatureTable } = await import('../../perturbation-tables/feature-table.js');
  const { readPerturbationScreen } = await import('../../perturbation-tables/read-perturbation-screen.js');
  const { checkHeldOut } = await import('../../perturbation-tables/held-out-check.js');
  const { fitGim } = await import('../../../models/gim/fit-gim.js');
  const { saveGim } = await import('../../../models/gim/gim-file.js');
  const { label: labelColumn, group: groupColumn, dose: doseColumn, mechanisms, holdOut } = options;
  const table = await readFeatureTable(options.features, { labelColumn, groupColumn, doseColumn });
  const screen = await readPerturbationScreen(cells, table, { ...options, perturbationColumn: labelColumn });
  const stream = new RandomStream(`gim/${options.seed}`);
  const check = holdOut && checkHeldOut(screen.data, holdOut, { mechanisms, stream: stream.child('held-out') });
  const gim = fitGim(screen.data, { mechanisms, stream: stream.child('fit') });
  saveGim(options.out, { gim, variables: screen.variables, features: table.features });
  const figures = {
    model: options.out,
    variables: screen.variables.length,
    contexts: screen.labels.length,
    withoutCells: screen.withoutCells,
    graphs: gim.members.length,
    edges: gim.edgeProbabilities().filter((probability) => probability >= 0.5).length,
    shifts: gim.members[0]?.shifts.form,
    heldOut: check,
  };
  if (options.json) return printJson(figures);
  printLine(
    `${figures.variables} variables, ${figures.contexts} contexts: ${figures.edges} edges, one of ${figures.graphs} likely graphs`,
  );
  if (figures.withoutCells.length > 0) printLine(`Described, but without cells: ${figures.withoutCells.join(', ')}`);
  if (check !== undefined)
    printLine(
      `Mean error on ${check.contexts} contexts of held-out ${check.heldOut}: model ${check.meanError.gim.toFixed(3)}, kernel ridge ${check.meanError.kernelRidge.toFixed(3)}, no effect ${check.meanError.noEffect.toFixed(3)} (noise of the measured means included)`,
    );
  printLine(`Model of all contexts: ${options.out}`);
}

export interface SimulateOptions {
  readonly cells: string;
  readonly features: string;
  readonly genes: number;
  readonly compounds: number;
  readonly seed: number;
}

/** `gim simulate` */
export async function simulate({ cells, features, genes, compounds, seed }: SimulateOptions): Promise<void> {
  const { samplePerturbationScreen } = await import('../../../envs/perturbation/perturbation-screen.js');
  const { PerturbationScreenConfig } = await import('../../../envs/perturbation/config.js');
  const { writeScreenTables } = await import('../../perturbation-tables/write-screen.js');
  const config = PerturbationScreenConfig.parse({
    variables: genes,
    compounds,
    newCompounds: 1,
    graph: { degree: genes < 10 ? 1 : 1.5 },
  });
  const { training } = samplePerturbationScreen(config, new RandomStream(`gim-simulate/${seed}`));
  writeScreenTables(training, { cells, features });
  printLine(`Simulated cells: ${cells}; features of their compounds: ${features}`);
}
