import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { sparsestPermutations } from '../../../models/sparsest-permutation/greedy-sparsest-permutation.js';
import { evaluateStrategies } from '../harness/harness.js';
import { type EvaluationSummary, summarize } from '../scores/summary.js';
import { createGoalStrategies, type StrategyResources, withReference } from '../strategies/registry.js';
import type { ScreenStudyConfig } from './goal-study-config.js';
import type { KnockoutScreen } from './knockout-screen.js';
import { readScreen, type ScreenRecord } from './read-screen.js';
import { screenGraph } from './screen-graph.js';
import { ScreenTask } from './screen-task.js';

export interface ScreenStudyRun extends StrategyResources {
  readonly study: ScreenStudyConfig;
  /** Asked between strategies; true stops the study. */
  readonly interrupted?: () => boolean;
  /** Called with the runs done so far, over all goals and strategies. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what was read, once it is known to be usable and before the first run. */
  readonly onData?: (data: ScreenRecord) => void;
}

export interface ScreenStudyOutcome {
  readonly data: ScreenRecord;
  readonly summary: EvaluationSummary;
}

/**
 * The single-cell study of Zhang et al. 2023 on any screen of single-gene knockouts: learn the graph of the control cells by
 * the greedy sparsest permutation, then, for the mean of one knockout after the other, see how fast each strategy finds it.
 *
 * @returns undefined when interrupted.
 * @throws CausalPilotError E_INPUT for cells that cannot be used, E_CONFIG for strategies or goals that are not known.
 */
export async function runScreenStudy(run: ScreenStudyRun): Promise<ScreenStudyOutcome | undefined> {
  const { study, interrupted, onProgress, onData } = run;
  const strategies = createGoalStrategies(withReference(study.strategies, study.reference), run);
  const { screen, data } = await readScreen(study);
  const graphs = sparsestPermutations(screen.control.cells, screen.genes.length, {
    stream: new RandomStream(`target/${study.seed}/structure`),
    ...study.structure,
  });
  const graph = graphs[0]!;
  const record = { ...data, graph: screenGraph(graphs, screen.genes) };
  const tasks = goalIndices(study, screen).map((goal) => new ScreenTask({ study, screen, graph, goal }));
  onData?.(record);
  const { status, scores } = await evaluateStrategies(tasks, strategies, {
    systems: study.runs,
    interrupted,
    onProgress,
  });
  if (status === 'interrupted') return undefined;
  const { bootstrapSamples, seed, reference } = study;
  return { data: record, summary: summarize(scores, { bootstrapSamples, seed, reference }) };
}

function goalIndices({ goals }: ScreenStudyConfig, { genes }: KnockoutScreen): number[] {
  return (goals ?? genes).map((goal) => {
    const index = genes.indexOf(goal);
    if (index === -1)
      throw new CausalPilotError(
        'E_CONFIG',
        `goals: '${goal}' is not among the genes of the screen: ${genes.join(', ')}`,
      );
    return index;
  });
}
