/** How often a test of random cases tries: `few` by default, `many` with `--thorough`. */
export function runs(few: number, many: number): number {
  return process.env.SELVAGE_TEST_THOROUGH === 'true' ? many : few;
}
