// The public API: what is not listed here is internal and may change without notice.

export { CausalGraph } from '../core/causal/graph.js';
export {
  auprcTrapezoid,
  auroc,
  averagePrecision,
  edgeF1,
  expectedCorrectEntries,
  expectedStructuralHammingDistance,
  logPosterior,
  posteriorExpectedCorrectEntries,
  shdAtThreshold,
  structuralHammingDistance,
} from '../core/causal/graph-metrics.js';
export type { GraphPosterior } from '../core/causal/graph-posterior.js';
export { History } from '../core/causal/history.js';
export {
  doIntervention,
  type Intervention,
  type InterventionKind,
  knockdown,
  knockout,
  observe,
  overexpression,
  shiftIntervention,
} from '../core/causal/intervention.js';
export { CausalPilotError, type ErrorCode } from '../core/errors.js';
export type { CudaDeviceKind } from '../core/native/cuda/device-library.js';
export type { Precision } from '../core/native/cuda/precision.js';
export { hostKernelCounts } from '../core/native/cuda/register.js';
export { RandomStream } from '../core/random/stream.js';
export { InterruptWatcher } from '../core/run/interrupt.js';
export { type BackendName, type BackendOptions, describeBackends, useBackend } from '../core/tensor/backend.js';
export type { CausalModel, CausalModelPrior } from '../envs/causal-model.js';
export { DesignEnv, type DesignEnvironment, type DesignState, type DesignStep } from '../envs/design-env.js';
export { DesignEnvConfig, DesignEnvSettings } from '../envs/design-env-config.js';
export { checkEnvironment, type EnvironmentFinding } from '../envs/environment-checker.js';
export { linearOodSuite, type OodShift, oodShift } from '../envs/ood-suite.js';
export { createCausalModelPrior } from '../envs/prior-registry.js';
export { SergioConfig } from '../envs/sergio/config.js';
export { GeneNetwork, type GeneNetworkParts } from '../envs/sergio/gene-network.js';
export { GeneNetworkPrior, sampleGeneNetwork } from '../envs/sergio/gene-network-prior.js';
export { formatNetworkJson, parseNetworkJson } from '../envs/sergio/network-json.js';
export { formatNetworkTable, parseNetworkTable } from '../envs/sergio/network-table.js';
export { sergioOodSuite } from '../envs/sergio/ood-suite.js';
export {
  controlCondition,
  perturbation,
  type ScreenCells,
  type ScreenCondition,
  simulateScreen,
} from '../envs/sergio/screen.js';
export { SergioModel, type SergioSettings } from '../envs/sergio/sergio-model.js';
export {
  applyTechnicalNoise,
  counts,
  dropout,
  librarySizes,
  outlierGenes,
  type TechnicalNoiseStep,
} from '../envs/sergio/technical-noise.js';
export { VectorDesignEnv, type VectorDesignState, type VectorDesignStep } from '../envs/vector-design-env.js';
export { loadGraphPosterior, loadPolicy } from '../models/checkpoints.js';
export { DagRegressionPosterior, type NoiseModel } from '../models/civ/dag-regression-posterior.js';
export { type FeasibleSet, UNIT_BALL } from '../models/civ/feasible-set.js';
export { type OptimisationOutcome, PUBLISHED_SEARCH, THOROUGH_SEARCH } from '../models/civ/minimise-acquisition.js';
export { mostProbableDag } from '../models/civ/most-probable-dag.js';
export { proposeShift, SHIFT_CRITERIA, type TargetState } from '../models/civ/propose-shift.js';
export { AmortizedGraphPosterior } from '../models/graph-posterior.js';
export { DesignPolicy, type PolicyDecisionOptions } from '../models/policy.js';
export {
  greedySparsestPermutation,
  type SparsestPermutationOptions,
} from '../models/sparsest-permutation/greedy-sparsest-permutation.js';
export { ExperimentConfig, loadExperimentConfig } from '../training/experiment-config.js';
export type { TrainingIo, TrainingResult } from '../training/learning-loop.js';
export { pretrainPosterior } from '../training/posterior/pretrain.js';
export { trainPolicy } from '../training/train-policy.js';
export { evaluateStrategies, type HarnessOptions, type HarnessResult } from './evaluation/harness.js';
export { readFigures, writeFigures, writeReport } from './evaluation/report/files.js';
export { type EvaluationOutcome, type EvaluationRun, runEvaluation } from './evaluation/run-evaluation.js';
export { StrategyScores } from './evaluation/scores.js';
export { type EvaluationSetting, evaluationSettings, settingNames } from './evaluation/settings.js';
export { Bootstrap, type Estimate, pairedDifferences } from './evaluation/statistics.js';
export { createStrategies, STRATEGY_NAMES } from './evaluation/strategies/registry.js';
export { trainedPolicy } from './evaluation/strategies/trained-policy.js';
export type { DesignContext, DesignStrategy, TaskKind } from './evaluation/strategy.js';
export { STRUCTURE_METRICS, type StructureMoment, StructureTask } from './evaluation/structure-task.js';
export {
  bestSimpleStrategy,
  type DifferenceRow,
  type EvaluationSummary,
  type ResultRow,
  summarize,
} from './evaluation/summary.js';
export {
  runTargetEvaluation,
  type TargetEvaluationOutcome,
  type TargetEvaluationRun,
} from './evaluation/target/run-target-evaluation.js';
export { loadTargetStudy, TargetStudyConfig, targetPresets } from './evaluation/target/target-study-config.js';
export { TARGET_METRICS, TargetTask } from './evaluation/target/target-task.js';
export type { EvaluationTask, TaskBatch } from './evaluation/task.js';
