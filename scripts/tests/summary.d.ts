interface TestName {
  readonly file: string;
  readonly test: string;
}
export interface Summary {
  readonly passed: number;
  readonly failed: readonly TestName[];
  readonly skipped: readonly TestName[];
  readonly files: readonly { readonly file: string; readonly seconds: number }[];
}
export function summarise(
  result: { readonly testResults: readonly object[] } | undefined,
  wanted: readonly string[],
  root: string,
  code: number | null,
): Summary;
