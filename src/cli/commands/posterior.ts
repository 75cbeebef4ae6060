import type { Command } from 'commander';
import type { GraphDrawQuality } from '../../../training/posterior/graph-draw-quality.js';
import type { PosteriorQuality } from '../../../training/posterior/quality.js';
import { checkpointFolder } from '../session/model-folders.js';
import {
  addExperimentOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  wholeNumber,
} from '../session/options.js';
import { printJson, printLine, withSession } from '../session/session.js';

interface PosteriorOptions extends ExperimentOptions {
  readonly posterior?: string;
  readonly datasets: number;
  readonly graphs?: boolean;
}

export function registerPosterior(program: Command): void {
  addExperimentOptions(
    program
      .command('posterior')
      .description('how well a graph posterior ranks edges and is calibrated, with more rows and with experiments')
      .option('--posterior <folder>', 'run or checkpoint of the graph posterior (default: runs/<preset>/posterior)')
      .option('--datasets <number>', 'held-out datasets for each kind of data', wholeNumber, 1000)
      .option('--graphs', 'also draw whole graphs without cycles and judge them')
      .addHelpText(
        'after',
        `
Examples:
  causal-pilot posterior --preset quickstart --datasets 500
  causal-pilot posterior --preset quickstart --datasets 200 --graphs`,
      ),
  ).action(posterior);
}

async function posterior(options: PosteriorOptions): Promise<void> {
  const config = await loadExperiment(options, 'posterior');
  const folder = await checkpointFolder(
    options.posterior ?? defaultFolder(options, 'posterior'),
    "train one with 'causal-pilot pretrain' or name it with --posterior",
  );
  const { datasets } = options;
  const { seed } = config.evaluation;
  const { qualities, graphDraws } = await withSession(config, async () => {
    const { loadGraphPosterior } = await import('../../../models/checkpoints.js');
    const { posteriorQuality } = await import('../../../training/posterior/quality.js');
    const model = await loadGraphPosterior(folder);
    const qualities = posteriorQuality(model, config.environment, { datasets, seed });
    if (!options.graphs) return { qualities };
    const { graphDrawQuality } = await import('../../../training/posterior/graph-draw-quality.js');
    const { exactPosteriorWhereDefined } = await import('../../../models/posterior/exact/environment-posterior.js');
    const exact = await exactPosteriorWhereDefined(config.environment);
    return { qualities, graphDraws: graphDrawQuality(model, config.environment, { datasets, seed, exact }) };
  });
  if (options.json) return printJson({ posterior: folder, qualities, graphDraws });
  const { renderTable } = await import('../../evaluation/report/table.js');
  printLine(renderTable(qualityTable(qualities, options.datasets)));
  printLine(renderTable(calibrationTable(qualities)));
  if (graphDraws !== undefined) printLine(renderTable(graphTable(graphDraws, datasets)));
}

function graphTable(draws: readonly GraphDrawQuality[], datasets: number) {
  return {
    title: `graphs drawn on ${datasets} held-out datasets with two targets in turn`,
    header: ['draws', 'log score, nats', 'expected SHD', 'without a cycle', 'paths, nats/pair'],
    rows: draws.map(({ draws: name, logScore, expectedShd, acyclic, pathCrossEntropy }) => [
      name,
      logScore.toFixed(3),
      expectedShd.toFixed(3),
      acyclic.toFixed(3),
      pathCrossEntropy.toFixed(4),
    ]),
  };
}

function qualityTable(qualities: readonly PosteriorQuality[], datasets: number) {
  return {
    title: `graph posterior on ${datasets} held-out datasets of each kind`,
    header: [
      'data',
      'rows',
      'experiments',
      'AUROC',
      'AUPRC',
      'nats/edge',
      'cal. error',
      '|corr| AUROC',
      '|corr| AUPRC',
    ],
    rows: [
      ...qualities.map(({ data, observationalRows, experiments, scores, correlation }) => [
        data,
        String(observationalRows),
        String(experiments),
        scores.auroc.toFixed(3),
        scores.averagePrecision.toFixed(3),
        scores.crossEntropy.toFixed(3),
        scores.calibration.expectedCalibrationError.toFixed(3),
        correlation.auroc.toFixed(3),
        correlation.averagePrecision.toFixed(3),
      ]),
      ...qualities
        .slice(0, 1)
        .map(({ scores }) => [
          'edge rate alone',
          '-',
          '-',
          '0.500',
          scores.edgeRate.toFixed(3),
          scores.edgeRateCrossEntropy.toFixed(3),
          '-',
          '-',
          '-',
        ]),
    ],
  };
}

/** Stated probability against the share of edges, for the data with the most experiments. */
function calibrationTable(qualities: readonly PosteriorQuality[]) {
  const last = qualities.at(-1);
  return {
    title: `calibration after ${last?.experiments ?? 0} experiments (${last?.data ?? 'no data'})`,
    header: ['mean probability', 'share of edges', 'pairs'],
    rows: (last?.scores.calibration.bins ?? []).map(({ meanProbability, edgeRate, count }) => [
      meanProbability.toFixed(3),
      edgeRate.toFixed(3),
      String(count),
    ]),
  };
}
