import type { EmitterState } from '../ports';

/** What an emitter has not heard of yet. */
export interface Lag {
  /** How many changes; with `atLeast`, at least as many. Changes that its filter leaves out are counted, too. */
  readonly changes: number;
  readonly atLeast: boolean;
  /** The time in the oldest of them. */
  readonly since: number | null;
  /** Milliseconds since then, by the clock of the history. */
  readonly ageMs: number;
}

/** How an emitter fares, for people and tools. */
export interface EmitterReport extends Omit<EmitterState, 'disabledBecause'> {
  readonly state: 'idle' | 'delivering' | 'failing' | 'disabled' | 'unassigned';
  readonly disabledReason: string | null;
  /** The process that delivers, in words. Null: none does. */
  readonly deliveredBy: string | null;
  readonly lag: Lag;
}
