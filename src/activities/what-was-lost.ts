import type { Layout } from '../plan';
import type { KnotFailure } from '../workflows/messages';

const NAMED = 5;

/** Formats as `"a", "b" and 3 more`. */
export function namedKnots(ids: readonly string[]): string {
  const named = ids.slice(0, NAMED).map((id) => `"${id}"`);
  return `${named.join(', ')}${ids.length > NAMED ? ` and ${ids.length - NAMED} more` : ''}`;
}

export function lostKnot(knot: string, what: string): KnotFailure {
  return {
    knot,
    type: 'HistoryLost',
    message: `Knot "${knot}" was Ok; ${what}, including its own.`,
  };
}

export function cannotBeMade(run: string, what: string, { ids }: Layout, gone: readonly number[]): string {
  return (
    `The run cannot go on: ${what}, and with them the values of ${namedKnots(gone.map((knot) => ids[knot]!))}, which no body can make again. Go on from what is ` +
    `there in a new run: selvage resume ${run} FILE; where that asks for a parameter, start the run anew.`
  );
}

export function lostByRun(
  run: string,
  what: string,
  count: number,
): { readonly type: 'HistoryLost'; readonly message: string } {
  const knots = count === 1 ? 'a knot that was Ok' : `${count} knots that were Ok`;
  return {
    type: 'HistoryLost',
    message: `In this run, ${what}, including those of ${knots}. Go on from what is there in a new run: selvage resume ${run} FILE`,
  };
}
