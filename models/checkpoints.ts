import { join } from 'node:path';
import * as z from 'zod';
import { hasCheckpoint, readCheckpoint, readCheckpointManifest, writeCheckpoint } from '../core/checkpoint/manifest.js';
import { RandomStream } from '../core/random/stream.js';
import { type RunInput, RunInputs } from '../core/run/run-inputs.js';
import type { NamedArray, ParameterSet } from '../core/tensor/parameters.js';
import { ScaleWatch, trainedScale } from './networks/trained-scale.js';
import { DesignPolicy } from './policy/design-policy.js';
import { PolicyConfig } from './policy/policy-config.js';
import { AmortizedGraphPosterior } from './posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from './posterior/graph-posterior-config.js';

/** Where a model comes from: kept in its checkpoint as the model card. */
export const ModelCard = z.looseObject({
  step: z.int().min(0).describe('updates or training steps behind these weights'),
  metrics: z.record(z.string(), z.number()).describe('held-out metrics at that step'),
  environment: z.unknown().describe('the environment configuration it was trained on'),
  seed: z.number(),
  gradientSteps: z.int().min(0).optional().describe('gradient steps behind these weights; 0 for initial ones'),
  inputs: RunInputs.optional().describe('what decided the training besides its configuration'),
  weightsChanged: z.boolean().optional().describe('whether any weight differs from the first ones of its run'),
});
export type ModelCard = z.infer<typeof ModelCard>;

const POSTERIOR_KIND = 'graph-posterior';
const POLICY_KIND = 'design-policy';
const PolicyCheckpointConfig = z.strictObject({
  network: z.preprocess(withPresentNames, PolicyConfig),
  channels: z.int().min(1),
});

/** Checkpoints from before values could be kept in a posterior say 'none' for `keep`. */
function withPresentNames(network: unknown): unknown {
  if (typeof network !== 'object' || network === null) return network;
  return 'inputScaling' in network && network.inputScaling === 'none' ? { ...network, inputScaling: 'keep' } : network;
}

/** Weights are overwritten by the checkpoint's, so the initial ones may come from any stream. */
const PLACEHOLDER_STREAM = new RandomStream('checkpoint');

export async function saveGraphPosterior(
  folder: string,
  model: AmortizedGraphPosterior,
  card: ModelCard,
): Promise<void> {
  await writeCheckpoint(folder, {
    kind: POSTERIOR_KIND,
    tensors: model.parameters.toArrays(),
    config: model.config,
    metadata: { ...card, scale: describeScale(model.config, card) },
  });
}

/** The best checkpoint of a run, or the checkpoint that a folder is itself. */
function bestCheckpoint(path: string): string {
  const best = join(path, 'checkpoints', 'best');
  return hasCheckpoint(best) ? best : path;
}

/**
 * @param path - a run, of which the best checkpoint is taken, or a checkpoint
 * @throws CausalPilotError E_CHECKPOINT if the folder holds no usable graph posterior.
 */
export async function loadGraphPosterior(path: string): Promise<AmortizedGraphPosterior> {
  const folder = bestCheckpoint(path);
  const stored = readCheckpoint(folder, { kind: POSTERIOR_KIND, config: GraphPosteriorConfig, metadata: ModelCard });
  const model = new AmortizedGraphPosterior(stored.config, PLACEHOLDER_STREAM);
  loadParameters(model.parameters, stored.tensors, folder);
  model.scaleWatch = scaleWatch('graph posterior', stored.config, stored.metadata);
  origins.set(model, { source: folder, identity: stored.manifest.manifestSha256 });
  return model;
}

export async function savePolicy(folder: string, policy: DesignPolicy, card: ModelCard): Promise<void> {
  await writeCheckpoint(folder, {
    kind: POLICY_KIND,
    tensors: policy.parameters.toArrays(),
    config: { network: policy.config, channels: policy.channels },
    metadata: { ...card, scale: describeScale(policy.config, card) },
  });
}

/**
 * @param path - a run, of which the best checkpoint is taken, or a checkpoint
 * @throws CausalPilotError E_CHECKPOINT if the folder holds no usable policy.
 */
export async function loadPolicy(path: string): Promise<DesignPolicy> {
  const folder = bestCheckpoint(path);
  const stored = readCheckpoint(folder, { kind: POLICY_KIND, config: PolicyCheckpointConfig, metadata: ModelCard });
  const policy = new DesignPolicy(stored.config.network, stored.config.channels, PLACEHOLDER_STREAM);
  loadParameters(policy.parameters, stored.tensors, folder);
  origins.set(policy, { source: folder, identity: stored.manifest.manifestSha256 });
  policy.scaleWatch = scaleWatch('policy', stored.config.network, stored.metadata);
  return policy;
}

/** Watches the scale of data where a network reads values as measured and its environment tells what it knows. */
function scaleWatch(
  reader: string,
  { inputScaling }: Pick<PolicyConfig, 'inputScaling'>,
  { environment }: ModelCard,
): ScaleWatch | undefined {
  const range = inputScaling === 'keep' ? trainedScale(environment) : undefined;
  return range && new ScaleWatch(reader, range);
}

/** What the values that a network reads are relative to; the scaling itself is part of it. */
function describeScale({ inputScaling }: Pick<PolicyConfig, 'inputScaling'>, { environment }: ModelCard): object {
  if (inputScaling === 'standardize')
    return { relativeTo: 'mean and standard deviation of each variable of a history' };
  if (inputScaling === 'log2-counts-per-million')
    return { relativeTo: 'total of each row, then the logarithms of a history' };
  return { relativeTo: 'values as measured', standardDeviations: trainedScale(environment) ?? null };
}

const origins = new WeakMap<object, RunInput>();

/** The checkpoint that a model was loaded from; undefined for a model made otherwise. */
export function checkpointOf(model: object): RunInput | undefined {
  return origins.get(model);
}

/** False where a checkpoint says that its weights are those that its run began with. */
export function isTrained(folder: string): boolean {
  const card = ModelCard.safeParse(readCheckpointManifest(folder).metadata);
  return card.data?.weightsChanged !== false;
}

function loadParameters(
  parameters: ParameterSet,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: unknown }>,
  folder: string,
): void {
  const arrays = new Map<string, NamedArray>();
  for (const [name, { shape, data }] of tensors) if (data instanceof Float32Array) arrays.set(name, { shape, data });
  parameters.load(arrays, folder);
}
