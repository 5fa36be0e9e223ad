import type { Summary } from './summary';

interface Outcome extends Summary {
  readonly name: string;
  readonly budget: number;
  readonly minutes: number;
}
interface Scheduled {
  readonly files: readonly string[];
  readonly atOnce?: number;
}
export function schedule<G extends Scheduled, T>(
  groups: readonly G[],
  run: (group: G, workers: number) => Promise<T>,
): Promise<T[]>;
export function report(outcomes: readonly Outcome[]): string;
export function closing(outcomes: readonly Outcome[]): string;
