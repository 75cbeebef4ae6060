import { setImmediate as nextTurn } from 'node:timers/promises';
import { RandomStream } from '../../../core/random/stream.js';
import { samplePerturbationScreen } from '../../../envs/perturbation/perturbation-screen.js';
import type { TextTable } from '../report/table.js';
import { type Figures, measurePredictor, PERTURBATION_METRICS, type PerturbationMetric } from './measure.js';
import { fitPredictor, type PredictorName } from './predictors.js';
import type { PerturbationStudyConfig } from './study-config.js';

/** partial: known perturbations at unseen doses; full: unseen perturbations. */
export const TESTS = ['partial', 'full'] as const;

/** One figure of one predictor: its mean over systems with the standard error of that mean. */
export interface PerturbationRow {
  readonly test: (typeof TESTS)[number];
  readonly predictor: PredictorName;
  readonly metric: PerturbationMetric;
  readonly mean: number;
  /** null for a single system. */
  readonly standardError: number | null;
  /** Of every system, in order. */
  readonly values: readonly number[];
}

export interface StudyRun {
  readonly study: PerturbationStudyConfig;
  readonly interrupted?: () => boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Every predictor on every screen of a study; undefined when interrupted. */
export async function runPerturbationStudy(run: StudyRun): Promise<PerturbationRow[] | undefined> {
  const { study, interrupted = () => false, onProgress } = run;
  const figures = new Map<string, Figures[]>();
  for (let system = 0; system < study.systems; system++) {
    const stream = new RandomStream(`perturbation/${study.seed}/system/${system}`);
    const screen = samplePerturbationScreen(study.screen, stream.child('screen'));
    const mechanisms = study.mechanisms ?? (study.screen.mechanisms === 'linear' ? 'linear' : 'additive');
    for (const [position, name] of study.predictors.entries()) {
      await nextTurn();
      if (interrupted()) return undefined;
      const predictorFor = fitPredictor(name, { screen, mechanisms, stream: stream.child('fit', name) });
      for (const test of TESTS) {
        const predictor = predictorFor(test === 'partial' ? 'doses' : 'perturbations');
        const measured = measurePredictor(predictor, screen[test], screen, {
          rows: study.rows,
          stream: stream.child('measure', test),
        });
        const key = JSON.stringify([test, name]);
        figures.set(key, [...(figures.get(key) ?? []), measured]);
      }
      onProgress?.(system * study.predictors.length + position + 1, study.systems * study.predictors.length);
    }
  }
  return TESTS.flatMap((test) =>
    study.predictors.flatMap((predictor) =>
      PERTURBATION_METRICS.flatMap((metric) => {
        const values = (figures.get(JSON.stringify([test, predictor])) ?? [])
          .map((one) => one[metric])
          .filter((value) => value !== null);
        return values.length === 0 ? [] : [{ test, predictor, metric, ...meanWithError(values) }];
      }),
    ),
  );
}

function meanWithError(values: readonly number[]): Pick<PerturbationRow, 'mean' | 'standardError' | 'values'> {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value / n, 0);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / Math.max(1, n - 1), 0);
  return { mean, standardError: n < 2 ? null : Math.sqrt(variance / n), values };
}

/** One table per test: predictors by metrics, mean (standard error). */
export function studyTables(rows: readonly PerturbationRow[], study: PerturbationStudyConfig): TextTable[] {
  const { screen, systems } = study;
  const setting = `${screen.mechanisms} mechanisms, ${screen.graph.kind} graphs, effects ${screen.effects}`;
  const words = { partial: 'known perturbations at unseen doses', full: 'unseen perturbations' };
  return TESTS.map((test) => ({
    title: `${words[test]} (${test}): ${setting}; mean (standard error) over ${systems} systems`,
    header: ['predictor', ...PERTURBATION_METRICS],
    rows: study.predictors.map((predictor) => [
      predictor,
      ...PERTURBATION_METRICS.map((metric) => {
        const row = rows.find((one) => one.test === test && one.predictor === predictor && one.metric === metric);
        if (row === undefined) return '-';
        const error = row.standardError === null ? '' : ` (${row.standardError.toFixed(3)})`;
        return `${row.mean.toFixed(3)}${error}`;
      }),
    ]),
  }));
}
