import { createHash } from 'node:crypto';
import { RandomStream } from '../../core/random/stream.js';
import { drawKey } from './counter-random.js';
import type { GeneNetwork } from './gene-network.js';
import { referencePlan } from './langevin-plan.js';
import type { LangevinRequest } from './langevin-reference.js';
import { measurementConstants } from './measurement-constants.js';
import type { MeasurementConstants, Platform, TechnicalEffect } from './platforms.js';
import type { ExpressionSheet } from './technical-noise.js';

// Shapes: d genes, E edges, C paths, n cells per path.

/** What belongs to a system and to the screen that it is measured in, whatever is done to it. */
export interface SystemConstants {
  /** [E], in the order of the network's regulator lists: stated by the network, or the regulator's unperturbed mean. */
  readonly halfResponses: Float32Array;
  /** Undefined without technical noise. */
  readonly measurement: MeasurementConstants | undefined;
}

/** Every fourth reference cell, in which a path has two that are far apart, is enough for a percentile over all entries. */
const CELLS_PER_SHEET_CELL = 4;

/**
 * Unperturbed cells from which constants of a system are estimated. Its random numbers follow from the network, so that a
 * system has the same constants wherever it is simulated; means are within 3 % of the stationary ones (standard error).
 */
export function referenceRequest(network: GeneNetwork, timeStep: number): LangevinRequest {
  return {
    network,
    plan: referencePlan(network, timeStep),
    productionFactors: new Float32Array(network.size).fill(1),
    halfResponses: network.regulatorLists.halfResponses,
    key: drawKey(constantsStream(network).child('langevin')),
  };
}

/** The constants that the cells [C * n, d] of `referenceRequest` tell. */
export function systemConstants(
  network: GeneNetwork,
  cells: Float32Array,
  technicalNoise: { readonly platform: Platform; readonly effects: readonly TechnicalEffect[] } | undefined,
): SystemConstants {
  const means = columnMeans(cells, network.size);
  const { regulators, halfResponses } = network.regulatorLists;
  return {
    halfResponses: halfResponses.map((stated, edge) => (stated < 0 ? means[regulators[edge]!]! : stated)),
    measurement:
      technicalNoise &&
      measurementConstants(technicalNoise.platform, technicalNoise.effects, {
        cells: sheetOf(cells, network.size),
        stream: constantsStream(network),
      }),
  };
}

/** A stream that is the same for equal networks. */
export function constantsStream(network: GeneNetwork): RandomStream {
  const { regulatorLists: lists, basalRates, decays, noiseAmplitude, noiseKind } = network;
  const hash = createHash('sha256');
  for (const numbers of [
    ...[lists.offsets, lists.regulators, lists.strengths, lists.hillCoefficients, lists.halfResponses],
    ...[basalRates, decays, Float32Array.of(noiseAmplitude)],
  ])
    hash.update(numbers);
  hash.update(noiseKind);
  return new RandomStream(`sergio/constants/${hash.digest('hex')}`);
}

function columnMeans(cells: Float32Array, genes: number): Float64Array {
  const means = new Float64Array(genes);
  for (let start = 0; start < cells.length; start += genes)
    for (let gene = 0; gene < genes; gene++) means[gene]! += cells[start + gene]!;
  return means.map((total) => (total * genes) / cells.length);
}

function sheetOf(cells: Float32Array, genes: number): ExpressionSheet {
  const count = Math.ceil(cells.length / genes / CELLS_PER_SHEET_CELL);
  const values = new Float32Array(count * genes);
  for (let cell = 0; cell < count; cell++) {
    const start = cell * CELLS_PER_SHEET_CELL * genes;
    values.set(cells.subarray(start, start + genes), cell * genes);
  }
  return { cells: count, genes, values };
}
