/** Whether the option `--thorough` was given. */
export const isThorough = process.env.SELVAGE_TEST_THOROUGH === 'true';

/** The number of random cases: `few` by default, `many` with `--thorough`. */
export function runs(few: number, many: number): number {
  return isThorough ? many : few;
}
