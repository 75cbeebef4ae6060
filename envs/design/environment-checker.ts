import type { History } from '../../core/causal/history.js';
import { type Intervention, KINDS_WITH_VALUES } from '../../core/causal/intervention.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvironment, DesignState, DesignStep } from './design-env.js';

/** One way in which an environment breaks the contract. */
export interface EnvironmentFinding {
  readonly check: 'construction' | 'determinism' | 'shape' | 'bounds' | 'finite' | 'reward' | 'budget' | 'history';
  readonly message: string;
}

export interface EnvironmentCheckOptions {
  /** Names the streams of the episodes. @defaultValue 0 */
  readonly seed?: number | string;
  /** Episodes with random interventions. @defaultValue 3 */
  readonly episodes?: number;
}

/** What one episode showed, copied so that later steps cannot change it. */
interface Trace {
  readonly values: Float32Array;
  readonly targets: Uint8Array;
  readonly edgeProbabilities: readonly Float32Array[];
  readonly potentials: readonly number[];
  readonly rewards: readonly number[];
}

const REWARD_TOLERANCE = 1e-6;

/**
 * Runs the contract of a design environment on `makeEnvironment()`, ours or a user's own, and lists every breach; an
 * empty list means that it passed. Checked: equal streams and interventions give equal episodes, also in a used
 * environment, and different streams different systems; array shapes; probabilities in [0, 1] with diagonal 0; finite
 * numbers; rewards that sum to the gain in potential; exactly T steps, then an error; a history that keeps what was
 * asked for, with do-values measured exactly.
 */
export function checkEnvironment(
  makeEnvironment: () => DesignEnvironment,
  { seed = 0, episodes = 3 }: EnvironmentCheckOptions = {},
): EnvironmentFinding[] {
  const findings: EnvironmentFinding[] = [];
  const report = (check: EnvironmentFinding['check'], message: string) => {
    if (!findings.some((finding) => finding.check === check && finding.message === message))
      findings.push({ check, message });
  };
  try {
    checkStepBeforeReset(makeEnvironment(), report);
    const used = makeEnvironment();
    for (let episode = 0; episode < episodes; episode++) {
      const streams = episodeStreams(seed, episode);
      const trace = runEpisode(makeEnvironment(), streams, report);
      if (!sameTrace(trace, runEpisode(used, streams, report)))
        report(
          'determinism',
          'equal streams and interventions gave different episodes in a fresh and a used environment',
        );
    }
    checkVariety(makeEnvironment, seed, report);
  } catch (error) {
    report('construction', `an episode could not be run: ${error instanceof Error ? error.message : String(error)}`);
  }
  return findings;
}

interface EpisodeStreams {
  readonly environment: RandomStream;
  readonly actions: RandomStream;
}

function episodeStreams(seed: number | string, episode: number): EpisodeStreams {
  const stream = new RandomStream(`environment-check/${seed}/${episode}`);
  return { environment: stream.child('environment'), actions: stream.child('actions') };
}

type Report = (check: EnvironmentFinding['check'], message: string) => void;

function throws(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

function checkStepBeforeReset(environment: DesignEnvironment, report: Report): void {
  const intervention = randomIntervention(environment, new RandomStream('environment-check/before-reset'));
  if (!throws(() => environment.step(intervention))) report('budget', 'step before reset must throw, and did not');
}

function runEpisode(environment: DesignEnvironment, streams: EpisodeStreams, report: Report): Trace {
  const { budget } = environment.settings;
  // A stream of its own for every run, so that repeated episodes choose the same interventions.
  const actions = streams.actions.child('run');
  let state: DesignState = environment.reset(streams.environment);
  const states = [snapshot(state)];
  const rewards: number[] = [];
  checkState(environment, state, { experiments: 0, report });
  for (let experiment = 0; experiment < budget && !state.truncated && !state.terminated; experiment++) {
    const intervention = randomIntervention(environment, actions);
    const step = environment.step(intervention);
    checkReward(step, state.potential, report);
    checkState(environment, step, { experiments: experiment + 1, report });
    checkAppended(environment, step.history, { intervention, report });
    rewards.push(step.reward);
    state = step;
    states.push(snapshot(state));
  }
  if (!state.terminated && !throws(() => environment.step(randomIntervention(environment, actions))))
    report('budget', `step after ${budget} experiments must throw, and did not`);
  return {
    values: state.history.values.slice(),
    targets: state.history.targets.slice(),
    edgeProbabilities: states.map(({ edgeProbabilities }) => edgeProbabilities),
    potentials: states.map(({ potential }) => potential),
    rewards,
  };
}

function snapshot(state: DesignState): { edgeProbabilities: Float32Array; potential: number } {
  return { edgeProbabilities: state.edgeProbabilities.slice(), potential: state.potential };
}

/** Every other experiment at full strength, so that the bounds are touched. */
function randomIntervention({ size, settings }: DesignEnvironment, stream: RandomStream): Intervention {
  const { interventionKind: kind, valueRange } = settings;
  const targets = Uint8Array.from({ length: size }, () => (stream.bernoulli(0.5) ? 1 : 0));
  if (!KINDS_WITH_VALUES.has(kind)) return { kind, targets };
  const fullStrength = stream.bernoulli(0.5);
  const values = Float32Array.from(
    { length: size },
    () => valueRange * (fullStrength ? stream.sign() : 2 * stream.uniform() - 1),
  );
  return { kind, targets, values };
}

function checkState(
  environment: DesignEnvironment,
  state: DesignState,
  { experiments, report }: { readonly experiments: number; readonly report: Report },
): void {
  const { size, settings } = environment;
  const { history, edgeProbabilities } = state;
  const rows = settings.initialRows + experiments * settings.rowsPerExperiment;
  if (history.size !== size || history.rows !== rows)
    report(
      'shape',
      `the history after ${experiments} experiments must be [${rows}, ${size}], got [${history.rows}, ${history.size}]`,
    );
  if (edgeProbabilities.length !== size * size)
    report('shape', `edge probabilities must have ${size * size} entries, got ${edgeProbabilities.length}`);
  if (!edgeProbabilities.every((probability) => probability >= 0 && probability <= 1))
    report('bounds', 'edge probabilities must be in [0, 1]');
  if (edgeProbabilities.some((probability, entry) => entry % (size + 1) === 0 && probability !== 0))
    report('bounds', 'edge probabilities must be 0 on the diagonal');
  if (!history.values.every(Number.isFinite)) report('finite', 'the history holds values that are not finite');
  if (!Number.isFinite(state.potential)) report('finite', 'the potential is not finite');
  if (!history.targets.every((flag) => flag === 0 || flag === 1)) report('bounds', 'target flags must be 0 or 1');
  if (experiments === 0 && history.targets.some((flag) => flag === 1))
    report('history', 'the initial rows must be observational, without target flags');
  if (!state.terminated && state.truncated !== experiments >= settings.budget)
    report('budget', `'truncated' is ${state.truncated} after ${experiments} of ${settings.budget} experiments`);
}

function checkReward(step: DesignStep, potentialBefore: number, report: Report): void {
  if (!Number.isFinite(step.reward)) report('finite', 'the reward is not finite');
  const gain = step.potential - potentialBefore;
  if (Math.abs(step.reward - gain) > REWARD_TOLERANCE * Math.max(1, Math.abs(gain)))
    report('reward', 'the reward must be the gain in potential');
}

/** The rows of the latest experiment must carry the flags asked for and, where no flag can flip, the exact do-values. */
function checkAppended(
  { size, settings }: DesignEnvironment,
  history: History,
  { intervention, report }: { readonly intervention: Intervention; readonly report: Report },
): void {
  const exactValues = intervention.kind === 'do' && settings.targetFlipProbability === 0;
  for (let row = history.rows - settings.rowsPerExperiment; row < history.rows; row++) {
    for (let variable = 0; variable < size; variable++) {
      const entry = row * size + variable;
      const flag = intervention.targets[variable]!;
      if (history.targets[entry] !== flag) report('history', 'target flags in the history are not those asked for');
      if (exactValues && flag === 1 && history.values[entry] !== intervention.values![variable])
        report('history', 'a do-target was not measured at its do-value');
    }
  }
}

function sameTrace(first: Trace, second: Trace): boolean {
  return (
    sameNumbers(first.values, second.values) &&
    sameNumbers(first.targets, second.targets) &&
    sameNumbers(first.potentials, second.potentials) &&
    sameNumbers(first.rewards, second.rewards) &&
    first.edgeProbabilities.length === second.edgeProbabilities.length &&
    first.edgeProbabilities.every((probabilities, t) => sameNumbers(probabilities, second.edgeProbabilities[t]!))
  );
}

function sameNumbers(first: ArrayLike<number>, second: ArrayLike<number>): boolean {
  if (first.length !== second.length) return false;
  for (let index = 0; index < first.length; index++) if (!Object.is(first[index], second[index])) return false;
  return true;
}

/** Equal interventions under different streams: whatever is no target must be measured differently at least once. */
function checkVariety(makeEnvironment: () => DesignEnvironment, seed: number | string, report: Report): void {
  const { actions } = episodeStreams(seed, 0);
  const [first, second] = [0, 1].map((episode) =>
    runEpisode(makeEnvironment(), { environment: episodeStreams(seed, episode).environment, actions }, report),
  ) as [Trace, Trace];
  const free = [...first.targets.keys()].filter((entry) => first.targets[entry] === 0);
  if (free.length > 0 && free.every((entry) => Object.is(first.values[entry], second.values[entry])))
    report('determinism', 'different streams gave the same measurements; reset must draw from the stream it is given');
}
