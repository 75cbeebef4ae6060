// The public API: what is not listed here is internal and may change without notice.

export { type BackendName, type BackendOptions, describeBackends, useBackend } from '../core/backend/backend.js';
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
export type { CudaDeviceKind } from '../core/cuda/device/device-library.js';
export type { Precision } from '../core/cuda/device/precision.js';
export { hostKernelCounts } from '../core/cuda/register.js';
export { CausalPilotError, type ErrorCode } from '../core/errors.js';
export { RandomStream } from '../core/random/stream.js';
export { InterruptWatcher } from '../core/run/interrupt.js';
export { DesignEnv, type DesignEnvironment, type DesignState, type DesignStep } from '../envs/design/design-env.js';
export { DesignEnvConfig, DesignEnvSettings } from '../envs/design/design-env-config.js';
export { checkEnvironment, type EnvironmentFinding } from '../envs/design/environment-checker.js';
export { createCausalModelPrior } from '../envs/design/prior-registry.js';
export { VectorDesignEnv, type VectorDesignState, type VectorDesignStep } from '../envs/design/vector-design-env.js';
export { linearOodSuite, type OodShift, oodShift } from '../envs/ood/linear-ood-suite.js';
export { sergioOodSuite } from '../envs/ood/sergio-ood-suite.js';
export type { CausalModel, CausalModelPrior } from '../envs/prior/causal-model.js';
export { SergioConfig } from '../envs/sergio/config.js';
export { GeneNetwork, type GeneNetworkParts } from '../envs/sergio/gene-network.js';
export { GeneNetworkPrior, sampleGeneNetwork } from '../envs/sergio/gene-network-prior.js';
export { formatNetworkJson, parseNetworkJson } from '../envs/sergio/network-json.js';
export { formatNetworkTable, parseNetworkTable } from '../envs/sergio/network-table.js';
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
export { loadGraphPosterior, loadPolicy } from '../models/checkpoints.js';
export { DagRegressionPosterior, type NoiseModel } from '../models/civ/dag-regression-posterior.js';
export { type FeasibleSet, UNIT_BALL } from '../models/civ/feasible-set.js';
export { type OptimisationOutcome, PUBLISHED_SEARCH, THOROUGH_SEARCH } from '../models/civ/minimise-acquisition.js';
export { mostProbableDag } from '../models/civ/most-probable-dag.js';
export { type GoalState, proposeShift, SHIFT_CRITERIA } from '../models/civ/propose-shift.js';
export type { DesignContext, DesignStrategy, GoalContext, Knowledge, TaskKind } from '../models/design-strategy.js';
export { DesignPolicy, type PolicyDecisionOptions } from '../models/policy/design-policy.js';
export { type AcyclicFit, AcyclicGraphs } from '../models/posterior/acyclic-graphs.js';
export { AmortizedGraphPosterior } from '../models/posterior/amortized-graph-posterior.js';
export { ExactPosteriorSampler } from '../models/posterior/exact/draw-systems.js';
export { exactPosteriorFor } from '../models/posterior/exact/environment-posterior.js';
export {
  ExactGraphPosterior,
  type ExactGraphPosteriorOptions,
} from '../models/posterior/exact/exact-graph-posterior.js';
export { ExactPriorConfig } from '../models/posterior/exact/exact-prior.js';
export type { ExactPosteriorName } from '../models/posterior/posterior-sources.js';
export {
  greedySparsestPermutation,
  type SparsestPermutationOptions,
} from '../models/sparsest-permutation/greedy-sparsest-permutation.js';
export { type LookaheadEffort, type LookaheadOptions, lookahead } from '../models/strategies/lookahead.js';
export { trainedPolicy } from '../models/strategies/trained-policy.js';
export { ExperimentConfig, loadExperimentConfig } from '../training/config/experiment-config.js';
export type { TrainingIo, TrainingResult } from '../training/loop/learning-loop.js';
export { pretrainPosterior } from '../training/posterior/pretrain.js';
export { trainPolicy } from '../training/train-policy.js';
export { GoalStudyConfig, goalPresets, loadGoalStudy } from './evaluation/goal/goal-study-config.js';
export { GOAL_METRICS, GoalTask } from './evaluation/goal/goal-task.js';
export {
  type GoalEvaluationOutcome,
  type GoalEvaluationRun,
  runGoalEvaluation,
} from './evaluation/goal/run-goal-evaluation.js';
export { evaluateStrategies, type HarnessOptions, type HarnessResult } from './evaluation/harness/harness.js';
export type { EvaluationTask, TaskBatch } from './evaluation/harness/task.js';
export { readFigures, writeFigures, writeReport } from './evaluation/report/files.js';
export { StrategyScores } from './evaluation/scores/scores.js';
export { Bootstrap, type Estimate, pairedDifferences } from './evaluation/scores/statistics.js';
export {
  bestSimpleStrategy,
  type DifferenceRow,
  type EvaluationSummary,
  type ResultRow,
  summarize,
} from './evaluation/scores/summary.js';
export { createGoalStrategies, createStrategies, strategyNames } from './evaluation/strategies/registry.js';
export { type EvaluationOutcome, type EvaluationRun, runEvaluation } from './evaluation/structure/run-evaluation.js';
export { type EvaluationSetting, evaluationSettings, settingNames } from './evaluation/structure/settings.js';
export { STRUCTURE_METRICS, type StructureMoment, StructureTask } from './evaluation/structure/structure-task.js';
