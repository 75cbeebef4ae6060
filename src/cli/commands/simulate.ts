import { cpus } from 'node:os';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import type { SergioConfig } from '../../../envs/sergio/config.js';
import type { GeneNetwork } from '../../../envs/sergio/gene-network.js';
import type { PerturbationKind, ScreenCondition } from '../../../envs/sergio/screen.js';
import { nameList, wholeNumber } from '../session/options.js';
import { printJson, printLine } from '../session/session.js';

interface SimulateOptions {
  readonly out: string;
  readonly network?: string;
  readonly regulators?: string;
  readonly saveNetwork?: string;
  readonly controls: number;
  readonly cells: number;
  readonly knockout: readonly string[][];
  readonly knockdown: readonly string[][];
  readonly overexpression: readonly string[][];
  readonly everyKnockout?: boolean;
  readonly seed: number;
  readonly set: readonly string[];
  readonly json?: boolean;
}

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('simulate a single-cell perturbation screen of a gene network, yours or a random one')
    .requiredOption('-o, --out <file>', 'where the cells go: a .csv or .h5ad file')
    .option(
      '--network <file>',
      'your network: .json; a table of edges (regulator, target, strength; BEELINE; GeneNetWeaver); SERGIO interactions',
    )
    .option('--regulators <file>', "SERGIO's file of master regulators, beside its interactions in --network")
    .option('--save-network <file>', 'also write the network, as .json or .tsv')
    .option('--controls <number>', 'cells that nothing is done to', wholeNumber, 500)
    .option('--cells <number>', 'cells of each perturbation', wholeNumber, 100)
    .option('--knockout <genes>', 'genes knocked out together, comma-separated; repeatable', collectGenes, [])
    .option('--knockdown <genes>', 'genes knocked down together; repeatable', collectGenes, [])
    .option('--overexpression <genes>', 'genes over-expressed together; repeatable', collectGenes, [])
    .option('--every-knockout', 'every single-gene knockout')
    .option('--seed <number>', 'names the random numbers', wholeNumber, 1)
    .option('-s, --set <option=value>', 'an option of the simulation, e.g. variables=20; repeatable', collect, [])
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      `
Example:
  causal-pilot simulate --out screen.csv --every-knockout --set variables=20 --set graph.degree=2
  causal-pilot simulate --out cells.h5ad --network net.tsv --knockout GATA1,SPI1 --set platform=drop-seq
  causal-pilot simulate --out sergio.csv --network targets.txt --regulators regs.txt --every-knockout

The options of --set are those of environment.prior with kind: sergio (causal-pilot config explain).`,
    )
    .action(simulate);
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function collectGenes(value: string, earlier: readonly string[][]): string[][] {
  return [...earlier, nameList(value)];
}

async function simulate(options: SimulateOptions): Promise<void> {
  const { checkCellsPath, writeCells } = await import('../../data/write-cells.js');
  const { RandomStream } = await import('../../../core/random/stream.js');
  const { SergioModel } = await import('../../../envs/sergio/sergio-model.js');
  const { simulateScreen } = await import('../../../envs/sergio/screen.js');
  checkCellsPath(options.out);
  if (options.saveNetwork !== undefined) checkNetworkPath(options.saveNetwork);
  const config = await simulationConfig(options.set);
  const stream = new RandomStream(`simulate/${options.seed}`);
  const drawn: string[] = [];
  const network = await chosenNetwork(options, config, (property) => drawn.push(property));
  const conditions = await chosenConditions(options, network);
  const model = new SergioModel(network, config);
  const cells = simulateScreen(model, conditions, { stream: stream.child('cells'), threads: cpus().length });
  await writeCells(options.out, cells);
  if (options.saveNetwork !== undefined) await saveNetwork(options.saveNetwork, network);
  const written = {
    file: options.out,
    genes: network.size,
    edges: network.graph.edgeCount,
    cells: cells.perturbations.length,
    conditions: conditions.map(({ label }) => label),
    drawn,
  };
  if (options.json) return printJson(written);
  printLine(
    `${written.file}: ${written.cells} cells, ${written.genes} genes (${written.edges} edges), ${conditions.length} conditions`,
  );
  if (drawn.length > 0) printLine(`drawn, because ${options.network} does not say them: ${drawn.join(', ')}`);
}

async function simulationConfig(overrides: readonly string[]): Promise<SergioConfig> {
  const { loadConfig } = await import('../../../core/config/load-config.js');
  const { SergioConfig: schema } = await import('../../../envs/sergio/config.js');
  return loadConfig({ schema, overrides: ['kind=sergio', ...overrides] });
}

async function chosenNetwork(
  options: SimulateOptions,
  prior: SergioConfig,
  onDrawn: (property: string) => void,
): Promise<GeneNetwork> {
  const { RandomStream } = await import('../../../core/random/stream.js');
  const stream = new RandomStream(`simulate/${options.seed}/network`);
  const { network: source, regulators } = options;
  if (regulators !== undefined && source === undefined)
    throw new CausalPilotError('E_CONFIG', "--regulators: give SERGIO's file of interactions as well, by --network");
  if (source === undefined) {
    const { sampleGeneNetwork } = await import('../../../envs/sergio/gene-network-prior.js');
    return sampleGeneNetwork(prior, stream);
  }
  const text = await readText(source);
  if (extname(source).toLowerCase() === '.json') {
    const { parseNetworkJson } = await import('../../../envs/sergio/network-json.js');
    return parseNetworkJson(text, source);
  }
  const { looksLikeSergioInteractions, parseSergioFiles } = await import('../../../envs/sergio/sergio-files.js');
  const isSergio = looksLikeSergioInteractions(text);
  if (isSergio && regulators === undefined)
    throw new CausalPilotError(
      'E_INPUT',
      `${source}: it looks like SERGIO's file of interactions; give its file of master regulators too, by --regulators`,
    );
  if (regulators !== undefined) {
    const files = { interactions: text, regulators: await readText(regulators) };
    const sources = { interactions: source, regulators };
    return parseSergioFiles({ ...files, sources }, { prior, stream, onDrawn });
  }
  const { parseNetworkTable } = await import('../../../envs/sergio/network-table.js');
  return parseNetworkTable(text, { source, prior, stream, onDrawn });
}

const READ_FORMATS = ['.json', '.tsv', '.csv', '.txt'];

function checkNetworkPath(path: string): void {
  if (!['.json', '.tsv'].includes(extname(path).toLowerCase()))
    throw new CausalPilotError('E_INPUT', `${path}: a network must be a .json or .tsv file; name it so`);
}

async function readText(path: string): Promise<string> {
  if (!READ_FORMATS.includes(extname(path).toLowerCase()))
    throw new CausalPilotError('E_INPUT', `${path}: a network is read from ${READ_FORMATS.join(', ')}; name it so`);
  const { inspectTextFile } = await import('../../data/text/open-text.js');
  const pieces: string[] = [];
  for await (const piece of inspectTextFile(path).open()) pieces.push(String(piece));
  return pieces.join('').replace(/^\uFEFF/, '');
}

async function chosenConditions(options: SimulateOptions, network: GeneNetwork): Promise<ScreenCondition[]> {
  const { controlCondition, perturbation } = await import('../../../envs/sergio/screen.js');
  const { cells, everyKnockout } = options;
  const groups: Record<PerturbationKind, readonly (readonly string[])[]> = {
    knockout: [...(everyKnockout ? network.geneNames.map((name) => [name]) : []), ...options.knockout],
    knockdown: options.knockdown,
    overexpression: options.overexpression,
  };
  const perturbed = (Object.keys(groups) as PerturbationKind[]).flatMap((kind) =>
    groups[kind].map((genes) => perturbation(network, { kind, genes, cells })),
  );
  return [controlCondition(network, options.controls), ...perturbed];
}

async function saveNetwork(path: string, network: GeneNetwork): Promise<void> {
  const { writeFileAtomic } = await import('../../../core/checkpoint/files.js');
  const { formatNetworkJson } = await import('../../../envs/sergio/network-json.js');
  const { formatNetworkTable } = await import('../../../envs/sergio/network-table.js');
  const format = extname(path).toLowerCase() === '.json' ? formatNetworkJson : formatNetworkTable;
  writeFileAtomic(path, format(network));
}
