/** Keeps a core busy for some 20 ms. */
export function spin(x: number): number {
  let state = (x % 1_000_003) + 1;
  for (let turn = 0; turn < 1_500_000; turn += 1) state = (state * 48_271) % 2_147_483_647;
  return state;
}
