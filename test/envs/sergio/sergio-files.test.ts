import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { looksLikeSergioInteractions, parseSergioFiles } from '../../../envs/sergio/sergio-files.js';

const prior = SergioConfig.parse({ kind: 'sergio' });

describe("SERGIO's two files", () => {
  // Three genes below two master regulators, with the trailing commas and decimal points of its example files.
  const interactions = '2.0,2,0.0,1.0,2.5,-1.5,2.0,2.0\n3.0,1,2.0,3.0,2.0\n4.0,1,0.0,-4.0,2.0\n';
  const regulators = '0.0,0.5,1.5,2.5\n1.0,1.0,2.0,3.0\n';
  const parse = (given: { interactions?: string; regulators?: string }) =>
    parseSergioFiles(
      { interactions, regulators, ...given, sources: { interactions: 'targets.txt', regulators: 'regs.txt' } },
      { prior, stream: new RandomStream('sergio-files') },
    );

  test('edges, strengths, rates and the Hill coefficient are read', () => {
    expect(looksLikeSergioInteractions(interactions)).toBe(true);
    expect(looksLikeSergioInteractions('regulator\ttarget\tstrength\n')).toBe(false);
    expect(looksLikeSergioInteractions('1,2,1\n')).toBe(false);
    const network = parse({});
    expect(network.geneNames).toEqual(['gene0', 'gene1', 'gene2', 'gene3', 'gene4']);
    expect([network.cellTypes, network.hillCoefficient, network.graph.edgeCount]).toEqual([3, 2, 4]);
    expect([2, 7, 13, 4].map((entry) => network.strengths[entry])).toEqual([2.5, -1.5, 3, -4]);
    expect([...network.basalRates.subarray(0, 6)]).toEqual([0.5, 1.5, 2.5, 1, 2, 3]);
    expect([...new Set(network.decays)].map((decay) => decay.toFixed(2))).toEqual(['0.80']);
    const shared = parse({ interactions: '2,2,0,1,2.5,-1.5\n' });
    expect(shared.hillCoefficient).toBe(prior.hillCoefficient);
  });

  test('each edge keeps its own Hill coefficient where they differ', () => {
    const network = parse({ interactions: '2,2,0,1,2.5,-1.5,2,1.5\n3,1,0,1\n' });
    expect(network.hillCoefficient).toBe(prior.hillCoefficient);
    expect([...network.regulatorLists.hillCoefficients]).toEqual([2, 1.5, prior.hillCoefficient]);
  });

  test.each([
    [{ interactions: '2,2,0,1,2.5\n' }, 'targets.txt, line 1: 2 regulators need 4 or 6 numbers'],
    [{ interactions: '2,1,0,1,2\n2,1,1,1,2\n' }, 'targets.txt, line 2: gene2 is listed twice'],
    [{ interactions: '2,1,0,1,0\n' }, 'targets.txt, line 1: a Hill coefficient must be positive, got 0'],
    [{ interactions: '2,1,7,1,2\n' }, 'targets.txt, line 1: gene7 regulates, but is neither regulated nor in regs.txt'],
    [{ interactions: '0,1,1,1,2\n' }, 'regs.txt: gene0 is regulated in targets.txt'],
    [{ interactions: '2,1,3,1,2\n3,1,2,1,2\n' }, 'circle: '],
    [{ interactions: '2,1,x,1,2\n' }, "targets.txt, line 1: SERGIO's files hold numbers only, got 'x'"],
    [
      { regulators: '0,1,2\n1,1\n' },
      'regs.txt, line 2: a master regulator needs its number and one rate for each of 2',
    ],
    [{ regulators: '\n' }, 'regs.txt: it has no master regulators'],
  ])('%j is refused', (given, message) => {
    expect(() => parse(given)).toThrow(message);
  });
});
