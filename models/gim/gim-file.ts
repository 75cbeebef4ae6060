import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { writeFileAtomic } from '../../core/checkpoint/files.js';
import { CausalPilotError } from '../../core/errors.js';
import { DescriptorScale } from './features/descriptors.js';
import { Gim } from './gim.js';
import { BASES } from './structure/basis.js';

/** A model with the names of what it reads and predicts. */
export interface NamedGim {
  readonly gim: Gim;
  /** [d] */
  readonly variables: readonly string[];
  /** [p] */
  readonly features: readonly string[];
}

const Numbers = z.array(z.number()).transform((numbers) => Float64Array.from(numbers));
const Names = z.array(z.string());

const GimFile = z.strictObject({
  format: z.literal('causal-pilot-gim'),
  version: z.literal(1),
  variables: Names,
  features: Names,
  descriptors: z.strictObject({ means: Numbers, deviations: Numbers, doseFeature: z.int().min(0).nullable() }),
  members: z
    .array(
      z.strictObject({
        mechanisms: z.strictObject({
          basis: z.enum(['linear', 'additive']).transform((name) => BASES[name]),
          parents: z.array(z.array(z.int().min(0))),
          coefficients: z.array(Numbers),
          intercepts: Numbers,
          noise: Numbers,
          means: Numbers,
          deviations: Numbers,
          centre: Numbers,
        }),
        targets: z.strictObject({
          reading: z.strictObject({ weights: Numbers, intercepts: Numbers }),
          offset: z.number(),
          slope: z.number(),
          caution: z.number(),
          covariance: Numbers,
        }),
        shifts: z.strictObject({
          form: z.strictObject({
            strength: z.enum(['shared', 'per-target']),
            curve: z.enum(['linear', 'log']),
            penalty: z.number(),
            smoothing: z.number(),
          }),
          size: z.int().min(1),
          width: z.int().min(0),
          typicalDose: z.number(),
          units: Numbers,
          parameters: Numbers,
        }),
        shiftDeviation: z.number(),
        weight: z.number(),
      }),
    )
    .min(1),
});

/** Writes a model as JSON, whole or not at all; every number comes back as it was. */
export function saveGim(path: string, { gim, variables, features }: NamedGim): void {
  const { means, deviations, doseFeature } = gim.descriptors;
  const content = {
    format: 'causal-pilot-gim',
    version: 1,
    variables,
    features,
    descriptors: { means, deviations, doseFeature: doseFeature ?? null },
    members: gim.members.map((member) => {
      const { basis, parents, coefficients, intercepts, noise, means, deviations, centre } = member.mechanisms;
      const mechanisms = { parents, coefficients, intercepts, noise, means, deviations, centre };
      return { ...member, mechanisms: { basis: basis.name, ...mechanisms } };
    }),
  };
  writeFileAtomic(
    path,
    JSON.stringify(content, (_, value) => (value instanceof Float64Array ? [...value] : value)),
  );
}

/** @throws CausalPilotError E_CHECKPOINT naming the file and the place that is not of the format. */
export function loadGim(path: string): NamedGim {
  const parsed = GimFile.safeParse(parse(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown content'}`);
  }
  const { variables, features, descriptors, members } = parsed.data;
  const misfit = members.findIndex(({ mechanisms, shifts }) =>
    [mechanisms.parents, mechanisms.noise, mechanisms.means, shifts.units].some(
      (list) => list.length !== variables.length,
    ),
  );
  if (misfit >= 0) throw refused(path, `member ${misfit} is not of ${variables.length} variables`);
  if (features.length !== descriptors.means.length)
    throw refused(path, `it names ${features.length} features and describes ${descriptors.means.length}`);
  const scale = new DescriptorScale(descriptors.means, descriptors.deviations, descriptors.doseFeature ?? undefined);
  return { gim: new Gim(scale, members), variables, features };
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refused(path, (error as Error).message);
  }
}

function refused(path: string, problem: string): CausalPilotError {
  return new CausalPilotError(
    'E_CHECKPOINT',
    `${path}: not a model that 'causal-pilot gim fit' has written (${problem}); fit it again`,
  );
}
