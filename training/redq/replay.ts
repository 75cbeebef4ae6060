import { HISTORY_CHANNELS } from '../../core/causal/history.js';
import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { HistoryArrays } from '../../models/networks/history-batch.js';

// Shapes: B transitions, R = initialRows + budget * rowsPerExperiment rows, d variables, C action numbers, T budget.

export interface EpisodeLayout {
  readonly size: number;
  readonly initialRows: number;
  readonly budget: number;
  readonly rowsPerExperiment: number;
  /** Action numbers per variable. */
  readonly channels: number;
}

/** One finished episode. */
export interface RecordedEpisode {
  /** [R, d, 2]. */
  readonly rows: Float32Array;
  /** [T, d, C] as the policy emitted them, in (-1, 1). */
  readonly actions: Float32Array;
  /** [T]. */
  readonly rewards: Float32Array;
}

/**
 * A minibatch; each history carries its own mask, so that h and h' cannot be mixed up. The histories of all minibatches have
 * the same number of rows, that of the longest one possible, so that a training step always sees the same shapes.
 */
export interface TransitionBatch {
  readonly history: HistoryArrays;
  readonly nextHistory: HistoryArrays;
  readonly actions: Float32Array;
  readonly rewards: Float32Array;
  readonly done: Float32Array;
}

const SEGMENT_EPISODES = 1024;
/** A part of a checkpoint is read into one buffer, which Node limits to 4 GiB. */
const SEGMENTS_PER_PART = 128;

function partOf(segment: number): string {
  return `replay-${Math.floor(segment / SEGMENTS_PER_PART)}`;
}

interface Segment {
  readonly rows: Float32Array;
  readonly actions: Float32Array;
  readonly rewards: Float32Array;
}

/**
 * Ring buffer of episodes. An episode is stored once; a transition is (episode, t), and its histories are prefixes of
 * the episode's rows, so memory is T times smaller than with copied histories. Memory is taken a segment at a time.
 */
export class EpisodeReplay {
  readonly #segments: Segment[] = [];
  readonly #rowStride: number;
  #added = 0;

  /** @param capacity in episodes; the oldest are overwritten. */
  constructor(
    readonly layout: EpisodeLayout,
    readonly capacity: number,
  ) {
    const { size, initialRows, budget, rowsPerExperiment } = layout;
    if (budget < 1)
      throw new CausalPilotError('E_CONFIG', "EpisodeReplay: learning needs 'environment.budget' of at least 1, got 0");
    this.#rowStride = (initialRows + budget * rowsPerExperiment) * size * HISTORY_CHANNELS;
  }

  /** Episodes held. */
  get episodes(): number {
    return Math.min(this.#added, this.capacity);
  }

  /** Transitions held. */
  get transitions(): number {
    return this.episodes * this.layout.budget;
  }

  add({ rows, actions, rewards }: RecordedEpisode): void {
    const { size, budget, channels } = this.layout;
    const actionStride = budget * size * channels;
    if (rows.length !== this.#rowStride || actions.length !== actionStride || rewards.length !== budget)
      throw new CausalPilotError(
        'E_SHAPE',
        `EpisodeReplay.add: expected ${this.#rowStride} row, ${actionStride} action and ${budget} reward numbers, got ${rows.length}, ${actions.length}, ${rewards.length}`,
      );
    const slot = this.#added % this.capacity;
    const segment = this.#segmentOf(slot);
    const local = slot % SEGMENT_EPISODES;
    segment.rows.set(rows, local * this.#rowStride);
    segment.actions.set(actions, local * actionStride);
    segment.rewards.set(rewards, local * budget);
    this.#added++;
  }

  /** `batch` transitions drawn uniformly with replacement. */
  sample(batch: number, stream: RandomStream): TransitionBatch {
    const { size, initialRows, budget, rowsPerExperiment, channels } = this.layout;
    if (this.episodes === 0)
      throw new CausalPilotError('E_STATE', 'EpisodeReplay.sample: the replay is empty; add an episode first');
    const picks = Array.from({ length: batch }, () => stream.integer(this.transitions));
    const perAction = size * channels;
    const actions = new Float32Array(batch * perAction);
    const rewards = new Float32Array(batch);
    const done = new Float32Array(batch);
    const rowCounts = new Int32Array(batch);
    picks.forEach((pick, b) => {
      const slot = Math.floor(pick / budget);
      const t = pick % budget;
      const segment = this.#segments[Math.floor(slot / SEGMENT_EPISODES)]!;
      const step = (slot % SEGMENT_EPISODES) * budget + t;
      actions.set(segment.actions.subarray(step * perAction, (step + 1) * perAction), b * perAction);
      rewards[b] = segment.rewards[step]!;
      done[b] = t === budget - 1 ? 1 : 0;
      rowCounts[b] = initialRows + t * rowsPerExperiment;
    });
    const longest = initialRows + budget * rowsPerExperiment;
    const nextCounts = rowCounts.map((count) => count + rowsPerExperiment);
    return {
      history: this.#prefixes(picks, rowCounts, Math.max(1, longest - rowsPerExperiment)),
      nextHistory: this.#prefixes(picks, nextCounts, longest),
      actions,
      rewards,
      done,
    };
  }

  /** Everything a checkpoint needs, in parts that stay within the size of one buffer. */
  toParts(): Record<string, Map<string, StoredTensor>> {
    const parts: Record<string, Map<string, StoredTensor>> = {
      replay: new Map([['added', { shape: [1], data: Float64Array.of(this.#added) }]]),
    };
    const { budget, size, channels } = this.layout;
    this.#segments.forEach((segment, index) => {
      const used = Math.min(SEGMENT_EPISODES, this.episodes - index * SEGMENT_EPISODES);
      const tensor = (data: Float32Array, stride: number) => ({
        shape: [used, stride],
        data: data.subarray(0, used * stride),
      });
      const part = partOf(index);
      parts[part] ??= new Map();
      parts[part].set(`${index}/rows`, tensor(segment.rows, this.#rowStride));
      parts[part].set(`${index}/actions`, tensor(segment.actions, budget * size * channels));
      parts[part].set(`${index}/rewards`, tensor(segment.rewards, budget));
    });
    return parts;
  }

  /** Restores what `toParts` gave, for a replay of the same layout and capacity. */
  load(parts: Readonly<Record<string, TensorMap>>, source: string): void {
    const added = parts.replay?.get('added')?.data[0];
    if (added === undefined)
      throw new CausalPilotError(
        'E_CHECKPOINT',
        `${source} holds no replay counter; the checkpoint is not of this kind`,
      );
    this.#segments.length = 0;
    this.#added = Number(added);
    for (let slot = 0; slot < this.episodes; slot += SEGMENT_EPISODES) {
      const segment = this.#segmentOf(slot);
      const index = slot / SEGMENT_EPISODES;
      for (const name of ['rows', 'actions', 'rewards'] as const) {
        const stored = parts[partOf(index)]?.get(`${index}/${name}`);
        if (stored === undefined || stored.data.length > segment[name].length)
          throw new CausalPilotError(
            'E_CHECKPOINT',
            `${source}: replay tensor '${index}/${name}' is missing or of another layout; resume with the configuration the run was started with`,
          );
        segment[name].set(stored.data as Float32Array);
      }
    }
  }

  #segmentOf(slot: number): Segment {
    const index = Math.floor(slot / SEGMENT_EPISODES);
    const { budget, size, channels } = this.layout;
    while (this.#segments.length <= index) {
      const episodes = Math.min(SEGMENT_EPISODES, this.capacity - this.#segments.length * SEGMENT_EPISODES);
      this.#segments.push({
        rows: new Float32Array(episodes * this.#rowStride),
        actions: new Float32Array(episodes * budget * size * channels),
        rewards: new Float32Array(episodes * budget),
      });
    }
    return this.#segments[index]!;
  }

  #prefixes(picks: readonly number[], rowCounts: Int32Array, rows: number): HistoryArrays {
    const { size, budget } = this.layout;
    const batch = picks.length;
    const stride = rows * size * HISTORY_CHANNELS;
    const channels = new Float32Array(batch * stride);
    const rowMask = new Float32Array(batch * rows);
    picks.forEach((pick, b) => {
      const slot = Math.floor(pick / budget);
      const segment = this.#segments[Math.floor(slot / SEGMENT_EPISODES)]!;
      const start = (slot % SEGMENT_EPISODES) * this.#rowStride;
      const length = rowCounts[b]! * size * HISTORY_CHANNELS;
      channels.set(segment.rows.subarray(start, start + length), b * stride);
      rowMask.fill(1, b * rows, b * rows + rowCounts[b]!);
    });
    return { batch, rows, size, channels, rowMask };
  }
}
