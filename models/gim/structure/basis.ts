/** Functions of one parent, in its observational standard deviations, that mechanisms are sums of; the first one is x itself. */
export interface MechanismBasis {
  readonly name: 'linear' | 'additive';
  readonly functions: readonly ((x: number) => number)[];
}

const LINEAR: MechanismBasis = { name: 'linear', functions: [(x) => x] };

/** Smooth steps and a bump: bounded, so that a strong shift is not extrapolated by a polynomial. */
const ADDITIVE: MechanismBasis = {
  name: 'additive',
  functions: [(x) => x, (x) => Math.tanh(x), (x) => Math.tanh(x - 1.5), (x) => Math.tanh(x + 1.5)],
};

export const BASES = { linear: LINEAR, additive: ADDITIVE } as const;
