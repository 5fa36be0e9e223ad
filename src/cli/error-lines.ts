import { causeLines, errorLine, tellError } from '../execution';

/** An error, where it was made and what led to it, for people: a line each. */
export function errorLines(error: unknown): string[] {
  const told = tellError(error);
  return [errorLine(told), ...causeLines(told).map((line) => `  ${line}`)];
}
