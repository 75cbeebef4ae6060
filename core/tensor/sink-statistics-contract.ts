/** Numbers that `sinkStatistics` gives for every ordered pair. */
export const SINK_STATISTICS = 15;

/** What the statistics take for granted about the values; constants of the kernel. */
export interface SinkStatisticsAttributes {
  /** s: the noise variance that the ridge, (d - 1) s, and the Bayes factors build on, in squared units of the values. */
  readonly noiseVariance: number;
  /** Whether every sink has an intercept of its own, which is unknown; otherwise it is 0. */
  readonly centred: boolean;
  /** Whether the noise variance is integrated out of the Bayes factors, so that they only compare; otherwise it is s. */
  readonly scaleFree: boolean;
}
