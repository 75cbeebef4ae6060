import type { HeldOutScores } from '../../../training/posterior/held-out.js';
import type { TextTable } from '../report/table.js';
import { CORRELATION, type ReaderQuality } from './compare-readers.js';

const HEADER = [
  'strategy',
  'experiments',
  'reader',
  'nats/pair',
  'above exact',
  'AUROC',
  'AUPRC',
  'cal. error',
  'mean prob.',
  'return',
];

/** One table for each setting: readers below each other for every strategy and number of experiments. */
export function readerTables(qualities: readonly ReaderQuality[]): TextTable[] {
  const environments = [...new Set(qualities.map(({ environment }) => environment))];
  return environments.map((environment) => {
    const own = qualities.filter((quality) => quality.environment === environment);
    const systems = own[0]?.scores.datasets ?? 0;
    return {
      title: `${environment} environment: posteriors on what strategies collected on ${systems} systems`,
      header: HEADER,
      rows: groups(own).flatMap((group) => [
        ...group.map(({ strategy, experiments, reader, scores }) => [
          strategy,
          String(experiments),
          reader,
          ...(reader === CORRELATION ? rankingCells(scores) : cells(scores)),
        ]),
        edgeRateRow(group[0]!),
      ]),
    };
  });
}

function groups(qualities: readonly ReaderQuality[]): ReaderQuality[][] {
  const byHistory = new Map<string, ReaderQuality[]>();
  for (const quality of qualities) {
    const key = `${quality.strategy} ${quality.experiments}`;
    byHistory.set(key, [...(byHistory.get(key) ?? []), quality]);
  }
  return [...byHistory.values()];
}

function cells(scores: HeldOutScores): string[] {
  return [
    scores.crossEntropy.toFixed(4),
    scores.aboveExact?.toFixed(4) ?? '-',
    scores.auroc.toFixed(3),
    scores.averagePrecision.toFixed(3),
    scores.calibration.expectedCalibrationError.toFixed(3),
    scores.meanProbability.toFixed(3),
    scores.expectedCorrectEntries.toFixed(2),
  ];
}

function rankingCells(scores: HeldOutScores): string[] {
  return ['-', '-', scores.auroc.toFixed(3), scores.averagePrecision.toFixed(3), '-', '-', '-'];
}

/** What always stating the share of pairs that are edges gives, here where that is known. */
function edgeRateRow({ strategy, experiments, scores }: ReaderQuality): string[] {
  const rate = scores.edgeRate;
  return [
    strategy,
    String(experiments),
    'edge rate alone',
    scores.edgeRateCrossEntropy.toFixed(4),
    '-',
    '0.500',
    rate.toFixed(3),
    '0.000',
    rate.toFixed(3),
    '-',
  ];
}
