import type { Summary } from './summary';

interface Outcome extends Summary {
  readonly name: string;
  readonly budget: number;
  readonly minutes: number;
}
export function report(outcomes: readonly Outcome[]): string;
export function closing(outcomes: readonly Outcome[]): string;
