import type { PerturbationData } from '../../core/causal/perturbation-data.js';
import { writeFileAtomic } from '../../core/checkpoint/files.js';

/** Writes a simulated screen as the two tables that `gim fit` reads: cells with labels, and features of every label. */
export function writeScreenTables(
  data: PerturbationData,
  { cells, features }: { readonly cells: string; readonly features: string },
): void {
  const groups = [...new Set(data.contexts.map(({ group }) => group))];
  const labelled = data.contexts.map((context) => {
    const compound = `compound${groups.indexOf(context.group) + 1}`;
    return { ...context, compound, label: `${compound}_${context.features.at(-1)}` };
  });
  const genes = Array.from({ length: data.size }, (_, j) => `gene${j + 1}`);
  const rows = [{ label: 'control', values: data.observational }, ...labelled].flatMap(({ label, values }) =>
    Array.from({ length: values.length / data.size }, (_, row) =>
      [label, ...values.subarray(row * data.size, (row + 1) * data.size)].join(','),
    ),
  );
  writeFileAtomic(cells, `${['perturbation', ...genes].join(',')}\n${rows.join('\n')}\n`);
  const names = Array.from({ length: (labelled[0]?.features.length ?? 1) - 1 }, (_, i) => `descriptor${i + 1}`);
  const described = labelled.map(({ label, compound, features: own }) => [label, compound, ...own].join(','));
  writeFileAtomic(features, `${['perturbation', 'compound', ...names, 'dose'].join(',')}\n${described.join('\n')}\n`);
}
