/** Whether `--thorough` was said. */
export const isThorough = process.env.SELVAGE_TEST_THOROUGH === 'true';

/** How often a test of random cases tries: `few` by default, `many` with `--thorough`. */
export function runs(few: number, many: number): number {
  return isThorough ? many : few;
}
