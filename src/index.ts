// The public API: what is not listed here is internal and may change without notice.

export { type BackendName, type BackendOptions, describeBackends, useBackend } from '../core/backend/backend.js';
export { type Adjacency, CausalGraph } from '../core/causal/graph.js';
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
export { RandomStream, type RandomStreamState } from '../core/random/stream.js';
export { type InterruptOptions, InterruptWatcher } from '../core/run/interrupt.js';
export type { RunInputs } from '../core/run/run-inputs.js';
export { DesignEnv, type DesignEnvironment, type DesignState, type DesignStep } from '../envs/design/design-env.js';
export { DesignEnvConfig, DesignEnvSettings } from '../envs/design/design-env-config.js';
export {
  checkEnvironment,
  type EnvironmentCheckOptions,
  type EnvironmentFinding,
} from '../envs/design/environment-checker.js';
export { usePriorModule } from '../envs/design/module-prior.js';
export { CausalModelPriorConfig } from '../envs/design/prior-config.js';
export { createCausalModelPrior } from '../envs/design/prior-registry.js';
export type { DeepPartial } from '../envs/design/vary-environment.js';
export {
  type DesignEnvOptions,
  VectorDesignEnv,
  type VectorDesignState,
  type VectorDesignStep,
} from '../envs/design/vector-design-env.js';
export { LinearScm, type LinearScmParameters } from '../envs/linear-scm/linear-scm.js';
export type { LinearScmNoise, StandardNoiseKind } from '../envs/linear-scm/noise.js';
export type { RandomFourierFunction, RandomFourierOptions } from '../envs/linear-scm/random-fourier-function.js';
export { linearOodSuite, type OodShift, oodShift } from '../envs/ood/linear-ood-suite.js';
export { sergioOodSuite } from '../envs/ood/sergio-ood-suite.js';
export type { CausalModel, CausalModelPrior } from '../envs/prior/causal-model.js';
export { SergioConfig } from '../envs/sergio/config.js';
export {
  GeneNetwork,
  type GeneNetworkParts,
  type NoiseKind,
  type RegulatorLists,
} from '../envs/sergio/gene-network.js';
export { GeneNetworkPrior, sampleGeneNetwork } from '../envs/sergio/gene-network-prior.js';
export type { MeasuredCells } from '../envs/sergio/measured-rows.js';
export { formatNetworkJson, parseNetworkJson } from '../envs/sergio/network-json.js';
export {
  formatNetworkTable,
  type NetworkTablePrior,
  type ParseNetworkTableOptions,
  parseNetworkTable,
} from '../envs/sergio/network-table.js';
export type { MeasurementEffects } from '../envs/sergio/platforms.js';
export {
  controlCondition,
  type PerturbationKind,
  perturbation,
  type ScreenCells,
  type ScreenCondition,
  simulateScreen,
} from '../envs/sergio/screen.js';
export { SergioModel, type SergioSettings } from '../envs/sergio/sergio-model.js';
export {
  applyTechnicalNoise,
  counts,
  type DropoutOptions,
  dropout,
  type ExpressionSheet,
  type LibrarySizeOptions,
  librarySizes,
  type OutlierOptions,
  outlierGenes,
  type TechnicalNoiseStep,
} from '../envs/sergio/technical-noise.js';
export { loadGraphPosterior, loadPolicy } from '../models/checkpoints.js';
export {
  type DagRegressionOptions,
  DagRegressionPosterior,
  type NoiseModel,
} from '../models/civ/dag-regression-posterior.js';
export { type ConvexSet, type FeasibleSet, UNIT_BALL } from '../models/civ/feasible-set.js';
export {
  type OptimisationOutcome,
  type OptimisationStatus,
  PUBLISHED_SEARCH,
  type SearchEffort,
  THOROUGH_SEARCH,
} from '../models/civ/minimise-acquisition.js';
export { mostProbableDag } from '../models/civ/most-probable-dag.js';
export type { NodePrior, NodeRegression } from '../models/civ/node-regression.js';
export { type Goal, type GoalState, proposeShift, SHIFT_CRITERIA } from '../models/civ/propose-shift.js';
export type { DesignContext, DesignStrategy, GoalContext, Knowledge, TaskKind } from '../models/design-strategy.js';
export { type DecisionMode, DesignPolicy, type PolicyDecisionOptions } from '../models/policy/design-policy.js';
export { PolicyConfig } from '../models/policy/policy-config.js';
export { type AcyclicFit, AcyclicGraphs } from '../models/posterior/acyclic-graphs.js';
export { AmortizedGraphPosterior } from '../models/posterior/amortized-graph-posterior.js';
export { ExactPosteriorSampler } from '../models/posterior/exact/draw-systems.js';
export { exactPosteriorFor } from '../models/posterior/exact/environment-posterior.js';
export {
  ExactGraphPosterior,
  type ExactGraphPosteriorOptions,
} from '../models/posterior/exact/exact-graph-posterior.js';
export { ExactPriorConfig } from '../models/posterior/exact/exact-prior.js';
export { GraphPosteriorConfig } from '../models/posterior/graph-posterior-config.js';
export type { ExactPosteriorName } from '../models/posterior/posterior-sources.js';
export {
  greedySparsestPermutation,
  type SparsestPermutationOptions,
} from '../models/sparsest-permutation/greedy-sparsest-permutation.js';
export { type LookaheadEffort, type LookaheadOptions, lookahead } from '../models/strategies/lookahead.js';
export { type PolicyLike, trainedPolicy } from '../models/strategies/trained-policy.js';
export {
  ExperimentConfig,
  type LoadExperimentOptions,
  loadExperimentConfig,
} from '../training/config/experiment-config.js';
export type { TrainingIo, TrainingResult } from '../training/loop/learner.js';
export { pretrainPosterior } from '../training/posterior/pretrain.js';
export { trainPolicy } from '../training/train-policy.js';
export {
  GoalSettingConfig,
  GoalStudyConfig,
  goalPresets,
  type LoadStudyOptions,
  loadGoalStudy,
  SyntheticStudyConfig,
} from './evaluation/goal/goal-study-config.js';
export { GOAL_METRICS, GoalTask, type GoalTaskOptions } from './evaluation/goal/goal-task.js';
export type { ScreenRecord } from './evaluation/goal/read-screen.js';
export {
  type GoalEvaluationOutcome,
  type GoalEvaluationRun,
  runGoalEvaluation,
} from './evaluation/goal/run-goal-evaluation.js';
export type { ScreenEdge, ScreenGraph } from './evaluation/goal/screen-graph.js';
export { evaluateStrategies, type HarnessOptions, type HarnessResult } from './evaluation/harness/harness.js';
export type { EvaluationTask, TaskBatch } from './evaluation/harness/task.js';
export { readFigures, writeFigures, writeReport } from './evaluation/report/files.js';
export { type ScoreKey, StrategyScores } from './evaluation/scores/scores.js';
export { Bootstrap, type Estimate, pairedDifferences } from './evaluation/scores/statistics.js';
export {
  bestSimpleStrategy,
  type DifferenceRow,
  type EvaluationSummary,
  type ResultRow,
  type SummaryOptions,
  summarize,
} from './evaluation/scores/summary.js';
export {
  createGoalStrategies,
  createStrategies,
  type StrategyResources,
  strategyNames,
} from './evaluation/strategies/registry.js';
export { type EvaluationOutcome, type EvaluationRun, runEvaluation } from './evaluation/structure/run-evaluation.js';
export {
  type EvaluationSetting,
  evaluationSettings,
  type PriorKind,
  settingNames,
} from './evaluation/structure/settings.js';
export {
  type LimitReader,
  STRUCTURE_METRICS,
  type StructureMoment,
  StructureTask,
  type StructureTaskOptions,
} from './evaluation/structure/structure-task.js';
