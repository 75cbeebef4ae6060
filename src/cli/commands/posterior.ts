import type { Command } from 'commander';
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
}

export function registerPosterior(program: Command): void {
  addExperimentOptions(
    program
      .command('posterior')
      .description('how well a graph posterior ranks edges and is calibrated, with more rows and with experiments')
      .option('--posterior <folder>', 'run or checkpoint of the graph posterior (default: runs/<preset>/posterior)')
      .option('--datasets <number>', 'held-out datasets for each kind of data', wholeNumber, 1000)
      .addHelpText(
        'after',
        `
Example:
  causal-pilot posterior --preset quickstart --datasets 500`,
      ),
  ).action(posterior);
}

async function posterior(options: PosteriorOptions): Promise<void> {
  const config = await loadExperiment(options);
  const folder = await checkpointFolder(
    options.posterior ?? defaultFolder(options, 'posterior'),
    "train one with 'causal-pilot pretrain' or name it with --posterior",
  );
  const qualities = await withSession(config, async () => {
    const { loadGraphPosterior } = await import('../../../models/checkpoints.js');
    const { posteriorQuality } = await import('../../../training/posterior/quality.js');
    const model = await loadGraphPosterior(folder);
    return posteriorQuality(model, config.environment, { datasets: options.datasets, seed: config.evaluation.seed });
  });
  if (options.json) return printJson({ posterior: folder, qualities });
  const { renderTable } = await import('../../evaluation/report/table.js');
  printLine(renderTable(qualityTable(qualities, options.datasets)));
  printLine(renderTable(calibrationTable(qualities)));
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
