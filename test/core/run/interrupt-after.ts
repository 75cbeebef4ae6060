/** An interrupt that comes after being looked at `polls` times. */
export function interruptAfter(polls: number): { readonly requested: boolean } {
  let left = polls;
  return {
    get requested() {
      return left-- <= 0;
    },
  };
}
