import type { RandomStream } from '../../core/random/stream.js';

/** Where the choice of an episode's experiment number `step` is drawn from in training and validation. */
export function decisionStream(episode: RandomStream, step: number): RandomStream {
  return episode.child('decision', step);
}
