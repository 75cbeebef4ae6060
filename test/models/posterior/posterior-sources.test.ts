import { expect, test } from 'vitest';
import { isExactPosterior, POSTERIOR_SOURCES, parseExactName } from '../../../models/posterior/posterior-sources.js';

test('names are exact posteriors, everything else a folder', () => {
  expect(POSTERIOR_SOURCES).toEqual([
    'learned',
    'exact',
    'scale-free',
    'exact-misspecified',
    'scale-free-misspecified',
  ]);
  expect(POSTERIOR_SOURCES.filter(isExactPosterior)).toEqual(POSTERIOR_SOURCES.slice(1));
  expect(['exact/', 'runs/exact', 'learned', '', 'exact-misspecified-misspecified'].some(isExactPosterior)).toBe(false);
  expect(parseExactName('scale-free-misspecified')).toEqual({ name: 'scale-free', allowMisspecified: true });
});
