import { RandomStream } from '../../core/random/stream.js';
import { defineMetrics, type MetricValues } from '../../core/run/metrics.js';
import { priorModuleInputs } from '../../envs/design/module-prior.js';
import { saveGraphPosterior } from '../../models/checkpoints.js';
import type { InputScaling } from '../../models/networks/encoder-config.js';
import type { ExperimentConfig } from '../config/experiment-config.js';
import { dependenceOnEnd } from '../config/schedules.js';
import type { Learner, TrainingIo, TrainingResult } from '../loop/learner.js';
import { runLearner } from '../loop/learning-loop.js';
import { type HeldOutScores, scoreHeldOut } from './held-out.js';
import { PosteriorTrainer } from './posterior-trainer.js';
import { type TrainingBatch, TrainingData, type TrainingDataSpec } from './training-data.js';
import { TrainingPool } from './training-pool.js';

export const POSTERIOR_METRICS = defineMetrics({
  'loss/crossEntropy': 'batch mean of the binary cross-entropy per off-diagonal entry, nats',
  'loss/spectralRadius': 'batch mean spectral radius of the edge probabilities; 0 before the penalty starts',
  'optimizer/gradientNorm': 'global gradient norm before clipping',
  'optimizer/learningRate': 'learning rate of the step',
  'heldOut/crossEntropy': 'binary cross-entropy per off-diagonal entry on held-out datasets, averaged weights, nats',
  'heldOut/aboveExact':
    'cross-entropy under the exact edge probabilities minus their own, nats; only with exact labels',
  'heldOut/edgeRateCrossEntropy': 'the same for always stating the edge rate',
  'heldOut/auroc': 'mean AUROC over held-out graphs',
  'heldOut/averagePrecision': 'mean average precision over held-out graphs',
  'heldOut/edgeRate': 'share of off-diagonal entries that are edges: the average precision of guessing',
  'heldOut/expectedCorrectEntries': 'mean expected number of correct adjacency entries',
  'heldOut/expectedCalibrationError': 'expected calibration error of the edge probabilities, ten bins',
});

const VALIDATION_BATCH = 128;

/** What the card says about the scale of values. */
const SCALE_STATEMENTS: Readonly<Record<InputScaling, string>> = {
  keep: 'knows the scale of values: only for systems whose noise is distributed as in its environment',
  standardize: 'blind to location and scale of every variable',
  'log2-counts-per-million': 'blind to the depth of sequencing: counts relative to all counts of their row',
};

/**
 * Trains the graph posterior of an experiment on freshly simulated datasets. The checkpoints hold the averaged weights;
 * the best one has the lowest held-out cross-entropy, or the least above the exact one's where that is known.
 */
export async function pretrainPosterior(config: ExperimentConfig, io: TrainingIo): Promise<TrainingResult> {
  const { network, data, training } = config.posterior;
  const stream = new RandomStream(`posterior/${config.seed}`);
  const dataSpec = { spec: { environment: config.environment, data }, labels: training.labels };
  const heldOut = await heldOutBatches(dataSpec, training.validation.datasets, stream.child('validation'));
  const trainer = new PosteriorTrainer(training, network, stream.child('train'));
  const pool = new TrainingPool({
    data: dataSpec,
    batchSize: training.batchSize,
    stream: stream.child('train'),
    workers: config.backend.simulationWorkers,
  });
  const learner: Learner<typeof POSTERIOR_METRICS> = {
    kind: 'posterior-training',
    label: 'graph posterior',
    metrics: POSTERIOR_METRICS,
    shown: ['loss/crossEntropy'],
    steps: training.steps,
    length: {
      option: 'posterior.training.steps',
      fixedBy: dependenceOnEnd('posterior.training.learningRate', training.learningRate),
    },
    schedule: {
      logEvery: training.logEvery,
      validateEvery: training.validation.every,
      saveEvery: training.saveEvery,
    },
    step: async (index) => {
      const { loss, spectralRadius, gradientNorm, learningRate } = trainer.step(index, await pool.batch(index));
      return {
        gradientSteps: 1,
        metrics: {
          'loss/crossEntropy': loss,
          'loss/spectralRadius': spectralRadius,
          'optimizer/gradientNorm': gradientNorm,
          'optimizer/learningRate': learningRate,
        },
      };
    },
    validate: async () => {
      const scores = scoreHeldOut(trainer.average, heldOut);
      return { score: -(scores.aboveExact ?? scores.crossEntropy), metrics: heldOutMetrics(scores) };
    },
    model: () => trainer.average.parameters.toArrays(),
    saveModel: (folder, card) =>
      saveGraphPosterior(folder, trainer.average, {
        ...card,
        environment: config.environment,
        seed: config.seed,
        scale: SCALE_STATEMENTS[network.inputScaling],
      }),
    state: () => ({ weights: trainer.toArrays() }),
    restore: ({ weights = new Map() }, source) => trainer.load(weights, source),
  };
  try {
    return await runLearner({
      learner,
      config,
      io: { ...io, inputs: { ...priorModuleInputs(config.environment.prior), ...io.inputs } },
    });
  } finally {
    await pool.close();
    trainer.dispose();
  }
}

/** Scores are about true graphs; how far from exact is known where all labels are exact. */
async function heldOutBatches(
  { spec, labels }: TrainingDataSpec,
  datasets: number,
  stream: RandomStream,
): Promise<TrainingBatch[]> {
  const data = await TrainingData.create({ spec, labels: labels === 'exact' ? 'exact' : 'graph' });
  const starts = Array.from({ length: Math.ceil(datasets / VALIDATION_BATCH) }, (_, batch) => batch * VALIDATION_BATCH);
  return starts.map((start) => data.make(Math.min(VALIDATION_BATCH, datasets - start), stream.child(start)));
}

function heldOutMetrics(scores: HeldOutScores): MetricValues<typeof POSTERIOR_METRICS> {
  return {
    'heldOut/crossEntropy': scores.crossEntropy,
    'heldOut/aboveExact': scores.aboveExact,
    'heldOut/edgeRateCrossEntropy': scores.edgeRateCrossEntropy,
    'heldOut/auroc': scores.auroc,
    'heldOut/averagePrecision': scores.averagePrecision,
    'heldOut/edgeRate': scores.edgeRate,
    'heldOut/expectedCorrectEntries': scores.expectedCorrectEntries,
    'heldOut/expectedCalibrationError': scores.calibration.expectedCalibrationError,
  };
}
