import { createRequire } from 'node:module';

type NloptFunction = (x: ArrayLike<number>, gradient: Float64Array | null) => number;

interface NloptProblem {
  setMinObjective(objective: NloptFunction, tolerance: number): void;
  addInequalityConstraint(constraint: NloptFunction, tolerance: number): void;
  optimize(start: number[]): { readonly success: boolean; readonly x: number[]; readonly value: number };
}

/** What is used of nlopt-js, which ships no types. */
export interface Nlopt {
  readonly ready: Promise<unknown>;
  readonly Algorithm: { readonly LD_SLSQP: unknown };
  readonly Optimize: new (algorithm: unknown, size: number) => NloptProblem;
  readonly GC: { flush(): void };
}

export async function loadNlopt(): Promise<Nlopt> {
  const nlopt = createRequire(import.meta.url)('nlopt-js') as Nlopt;
  await nlopt.ready;
  return nlopt;
}

/** Step of scipy's forward differences, the square root of the machine epsilon. */
const DIFFERENCE = Math.sqrt(Number.EPSILON);

/** The value that SLSQP finds on the unit ball, with gradients from p forward differences. */
export function numericSlsqp(nlopt: Nlopt, value: (point: Float64Array) => number, start: Float64Array): number {
  const problem = new nlopt.Optimize(nlopt.Algorithm.LD_SLSQP, start.length);
  problem.setMinObjective((x, gradient) => {
    const point = Float64Array.from(x);
    const here = value(point);
    if (gradient !== null) {
      for (let i = 0; i < point.length; i++) {
        const kept = point[i]!;
        point[i] = kept + DIFFERENCE;
        gradient[i] = (value(point) - here) / DIFFERENCE;
        point[i] = kept;
      }
    }
    return here;
  }, 1e-6);
  problem.addInequalityConstraint((x, gradient) => {
    let squared = 0;
    for (let i = 0; i < x.length; i++) {
      squared += x[i]! ** 2;
      if (gradient !== null) gradient[i] = 2 * x[i]!;
    }
    return squared - 1;
  }, 1e-8);
  const result = problem.optimize([...start]);
  nlopt.GC.flush();
  return result.value;
}
