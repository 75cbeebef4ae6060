import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { CausalPilotError } from '../errors.js';
import { programVersion } from '../program-version.js';
import { completeFolder, writeFileAtomic, writeFolderAtomic } from './files.js';
import { decodeJson } from './json-keys.js';
import { decodeSafetensors, encodeSafetensors, readBytes, type StoredTensor, type TensorMap } from './safetensors.js';

/** Raised when the layout of the folder or of the manifest changes, so that older programs refuse newer checkpoints. */
const CHECKPOINT_FORMAT_VERSION = 1;

const MANIFEST = 'manifest.json';
const NO_DIGEST = '0'.repeat(64);
const Digest = z.string().regex(/^[0-9a-f]{64}$/);

const Manifest = z.strictObject({
  format: z.literal('causal-pilot-checkpoint'),
  formatVersion: z.int().positive(),
  kind: z.string().min(1),
  created: z.string(),
  program: z.strictObject({ name: z.string(), version: z.string() }),
  files: z.record(z.string(), z.strictObject({ sha256: Digest, bytes: z.int().nonnegative() })),
  config: z.unknown(),
  metadata: z.unknown(),
  manifestSha256: Digest,
});

/** What `manifest.json` holds; `manifestSha256` is the hash of its own text with that hash's digits set to zero. */
export type CheckpointManifest = z.infer<typeof Manifest>;

export interface CheckpointToWrite {
  /** What the checkpoint is of, for example `graph-posterior`; reading asks for it again. */
  readonly kind: string;
  /** Written to `weights.safetensors`. */
  readonly tensors: TensorMap;
  /** More files by name: `{ optimizer: ... }` is written to `optimizer.safetensors`. */
  readonly parts?: Readonly<Record<string, TensorMap>>;
  /** The resolved configuration, plain JSON. */
  readonly config: unknown;
  /** Counters, metrics, provenance: plain JSON with finite numbers. */
  readonly metadata: unknown;
  /** @defaultValue now */
  readonly created?: Date;
}

export interface ReadCheckpointOptions<Config, Metadata> {
  readonly kind: string;
  readonly config: z.ZodType<Config>;
  readonly metadata: z.ZodType<Metadata>;
  /** Names of the further parts to read and verify; others are neither read nor verified. @defaultValue none */
  readonly parts?: readonly string[];
  /** Refuse weights that hold NaN or infinities. @defaultValue true */
  readonly finite?: boolean;
}

export interface Checkpoint<Config, Metadata> {
  readonly manifest: CheckpointManifest;
  readonly config: Config;
  readonly metadata: Metadata;
  readonly tensors: Map<string, StoredTensor>;
  readonly parts: Readonly<Record<string, Map<string, StoredTensor>>>;
}

/**
 * Writes a checkpoint folder whole or not at all, replacing an older one at the same place: the tensors, and a
 * manifest with the configuration and the hash of every file.
 *
 * @throws CausalPilotError E_STATE when configuration or metadata cannot be kept exactly as JSON.
 */
export async function writeCheckpoint(folder: string, contents: CheckpointToWrite): Promise<void> {
  const { kind, config, metadata, created = new Date() } = contents;
  checkJson(config, 'config');
  checkJson(metadata, 'metadata');
  await writeFolderAtomic(folder, (temporary) => {
    const files: CheckpointManifest['files'] = {};
    for (const [part, tensors] of Object.entries({ ...contents.parts, weights: contents.tensors })) {
      const pieces = encodeSafetensors(tensors, { format: 'causal-pilot', kind });
      writeFileAtomic(join(temporary, fileOf(part)), pieces);
      files[fileOf(part)] = { sha256: sha256(pieces), bytes: pieces.reduce((sum, { length }) => sum + length, 0) };
    }
    const manifest: CheckpointManifest = {
      format: 'causal-pilot-checkpoint',
      formatVersion: CHECKPOINT_FORMAT_VERSION,
      kind,
      created: created.toISOString(),
      program: { name: 'causal-pilot', version: programVersion() },
      files,
      config,
      metadata,
      manifestSha256: NO_DIGEST,
    };
    writeFileAtomic(join(temporary, MANIFEST), signed(`${JSON.stringify(manifest, null, 2)}\n`));
  });
}

/**
 * Reads a checkpoint folder and verifies the hash of the manifest and of every file that it reads.
 *
 * @throws CausalPilotError E_CHECKPOINT with one sentence: folder or file missing, damaged, of another kind, or newer
 * than this program; a configuration or metadata that does not fit its schema.
 */
export function readCheckpoint<Config, Metadata>(
  folder: string,
  options: ReadCheckpointOptions<Config, Metadata>,
): Checkpoint<Config, Metadata> {
  const complete = locate(folder);
  const manifest = readVerifiedManifest(join(complete, MANIFEST));
  if (manifest.kind !== options.kind)
    throw unusable(folder, `it holds a '${manifest.kind}', but a '${options.kind}' is needed; give another folder`);
  const readPart = (part: string): Map<string, StoredTensor> =>
    readVerifiedTensors({ folder: complete, manifest, part, finite: options.finite ?? true });
  return {
    manifest,
    config: conform(options.config, manifest.config, { folder, what: 'config' }),
    metadata: conform(options.metadata, manifest.metadata, { folder, what: 'metadata' }),
    tensors: readPart('weights'),
    parts: Object.fromEntries((options.parts ?? []).map((part) => [part, readPart(part)])),
  };
}

/** The verified manifest alone, to learn what a checkpoint is of; errors as for `readCheckpoint`. */
export function readCheckpointManifest(folder: string): CheckpointManifest {
  return readVerifiedManifest(join(locate(folder), MANIFEST));
}

/** Whether there is a checkpoint folder to read at this place (it may still prove damaged). */
export function hasCheckpoint(folder: string): boolean {
  return completeFolder(folder) !== undefined;
}

/** SHA-256 of names, shapes and values of some tensors. */
export function hashTensors(tensors: TensorMap): string {
  return sha256(encodeSafetensors(tensors));
}

function locate(folder: string): string {
  const complete = completeFolder(folder);
  if (complete === undefined) throw unusable(folder, 'the folder does not exist; check the path');
  return complete;
}

function readVerifiedManifest(path: string): CheckpointManifest {
  const bytes = readBytes(path);
  let text: string;
  let parsed: unknown;
  try {
    ({ text, parsed } = decodeJson(bytes));
  } catch (error) {
    throw unusable(path, 'it is not valid JSON, so it is damaged; restore it from a copy', error);
  }
  const version = z.looseObject({ format: Manifest.shape.format, formatVersion: z.int() }).safeParse(parsed);
  if (version.success && version.data.formatVersion > CHECKPOINT_FORMAT_VERSION)
    throw unusable(
      path,
      `it has format version ${version.data.formatVersion}, this program reads up to ${CHECKPOINT_FORMAT_VERSION}; update causal-pilot`,
    );
  const result = Manifest.safeParse(parsed);
  if (!result.success)
    throw unusable(path, `it is not the manifest of a causal-pilot checkpoint: ${firstProblem(result.error)}`);
  const { manifestSha256 } = result.data;
  if (signed(replaceLast(text, manifestSha256, NO_DIGEST)) !== text)
    throw unusable(path, 'its hash does not match, so it was damaged or edited; restore it from a copy');
  return result.data;
}

function readVerifiedTensors(wanted: {
  folder: string;
  manifest: CheckpointManifest;
  part: string;
  finite: boolean;
}): Map<string, StoredTensor> {
  const name = fileOf(wanted.part);
  const path = join(wanted.folder, name);
  const expected = wanted.manifest.files[name];
  if (expected === undefined) throw unusable(wanted.folder, `its manifest lists no file '${name}'; it was not saved`);
  const bytes = readBytes(path);
  if (bytes.length !== expected.bytes)
    throw unusable(path, `it has ${bytes.length} bytes instead of ${expected.bytes}; restore it from a copy`);
  if (sha256([bytes]) !== expected.sha256)
    throw unusable(path, 'its hash does not match the manifest, so it is damaged; restore it from a copy');
  return decodeSafetensors(bytes, path, { finite: wanted.finite }).tensors;
}

function conform<T>(schema: z.ZodType<T>, value: unknown, where: { folder: string; what: string }): T {
  const result = schema.safeParse(value);
  if (!result.success)
    throw unusable(where.folder, `its ${where.what} does not fit this program: ${firstProblem(result.error)}`);
  return result.data;
}

function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unknown problem' : `'${issue.path.join('.')}': ${issue.message}`;
}

/** Fills in the hash of a manifest text whose `manifestSha256` has only zeros; any changed byte changes the result. */
function signed(textWithoutDigest: string): string {
  const digest = createHash('sha256').update(textWithoutDigest).digest('hex');
  return replaceLast(textWithoutDigest, `"manifestSha256": "${NO_DIGEST}"`, `"manifestSha256": "${digest}"`);
}

function replaceLast(text: string, from: string, to: string): string {
  const at = text.lastIndexOf(from);
  return at === -1 ? text : text.slice(0, at) + to + text.slice(at + from.length);
}

function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function fileOf(part: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(part))
    throw new CausalPilotError('E_STATE', `a checkpoint part is named in lower-case letters and dashes, not '${part}'`);
  return `${part}.safetensors`;
}

/** JSON turns NaN and infinities into null without a word; such a value must not reach a manifest. */
function checkJson(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new CausalPilotError('E_STATE', `writeCheckpoint: ${path} is ${value}, which JSON cannot hold; leave it out`);
  if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) checkJson(item, `${path}.${key}`);
}

function unusable(path: string, problem: string, cause?: unknown): CausalPilotError {
  return new CausalPilotError('E_CHECKPOINT', `checkpoint ${path}: ${problem}`, { cause });
}
