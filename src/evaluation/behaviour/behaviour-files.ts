import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { resultsToCsv } from '../report/csv.js';
import { stackFigures } from '../report/draw.js';
import { escapeHtml, htmlPage, htmlTable } from '../report/html.js';
import { type BehaviourFigure, drawBehaviour } from './charts.js';
import { playedTargets, playedValues } from './recorder.js';
import type { BehaviourExample, BehaviourStudy } from './study.js';
import { adaptivityTable, measureTables, overallTable } from './tables.js';

/** Writes behaviour.json, .csv, .svg and .html into `folder`; returns the paths. */
export async function writeBehaviour(folder: string, study: BehaviourStudy): Promise<string[]> {
  const figures = await drawBehaviour(study);
  const files: [string, string][] = [
    ['behaviour.json', `${JSON.stringify(behaviourToJson(study), null, 2)}\n`],
    ['behaviour.csv', resultsToCsv(study.rows)],
    ['behaviour.svg', stackFigures(figures)],
    ['behaviour.html', behaviourPage(study, figures)],
  ];
  return files.map(([name, content]) => {
    const path = join(folder, name);
    writeFileAtomic(path, content);
    return path;
  });
}

/** The study as plain values; variables are numbered from 0, edges are [from, to]. */
export function behaviourToJson(study: BehaviourStudy): object {
  return { ...study, examples: study.examples.map(exampleToJson) };
}

function exampleToJson({ system, plays }: BehaviourExample): object {
  const graph = plays[0]?.play.graph;
  const variables = Array.from({ length: graph?.size ?? 0 }, (_, variable) => variable);
  return {
    system,
    edges: variables.flatMap((from) => (graph?.children(from) ?? []).map((to) => [from, to])),
    plays: plays.map(({ strategy, play }) => ({
      strategy,
      returns: play.returns,
      rounds: play.interventions.map(({ kind }, index) => ({
        kind,
        targets: playedTargets(play, index + 1),
        values: playedValues(play, index + 1),
        uncertainty: [...(play.uncertainty[index] ?? [])],
      })),
      edgeProbabilities: variables.map((from) => [
        ...play.edgeProbabilities.subarray(from * variables.length, (from + 1) * variables.length),
      ]),
    })),
  };
}

/** One self-contained page: figures as SVG, then the tables; loads nothing and runs no script. */
function behaviourPage(study: BehaviourStudy, figures: readonly BehaviourFigure[]): string {
  const { systems, variables, experiments, interventionKind } = study;
  const pictures = figures.map(
    ({ title, svg }) => `<figure role="img" aria-label="${escapeHtml(title)}">${svg}</figure>`,
  );
  const adaptivity = adaptivityTable(study);
  return htmlPage({
    title: 'What the policy does',
    note: `${systems} held-out systems of ${variables} variables, ${experiments} experiments of kind '${interventionKind}'. Every strategy faced the same systems, initial rows and measurement noise. Means over systems with 95 % percentile bootstrap intervals. The uncertainty of a variable is the summed entropy of all edges that may lead to or from it. The examples are the first systems, not chosen ones.`,
    content: [
      htmlTable(overallTable(study)),
      ...(adaptivity === undefined ? [] : [htmlTable(adaptivity)]),
      ...pictures,
      '<h2>By experiment</h2>',
      ...measureTables(study).map(htmlTable),
    ],
  });
}
