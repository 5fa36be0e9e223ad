import { tableSentence } from './changed-columns';
import type { DifferenceCause, KnotDifference } from './diff-runs';

const CAUSES: Readonly<Record<DifferenceCause, (difference: KnotDifference) => string>> = {
  parameter: () => 'the runs were started with different values',
  definition: ({ first, second }) =>
    `it uses definition ${first!.definition} in one run and ${second!.definition} in the other`,
  version: ({ first, second }) =>
    `its definition has version ${first!.definition_version ?? 'none'} and ${second!.definition_version ?? 'none'}`,
  code: () => 'the code of its body has changed',
  constants: ({ inputs }) => `its constants differ (${inputs.join(', ')})`,
  policy: () => 'its options differ',
  wiring: ({ inputs }) => `its inputs come from different knots (${inputs.join(', ')})`,
  inputs: ({ inputs }) => `it used different values of its parents (${inputs.join(', ')})`,
  parents: ({ parents }) => parentsSentence(parents),
  signal: ({ first, second }) =>
    first!.outcome === second!.outcome
      ? 'its signals brought different values'
      : 'its signal came in only one of the runs',
  'child-run': () => 'its child runs gave different results',
  failure: () => 'the same code on the same inputs had different outcomes',
  'not-repeatable': () =>
    'the same code on the same inputs gave different values: its body depends on more than its inputs',
  'only-in-first': () => 'the second run has no record of it',
  'only-in-second': () => 'the first run has no record of it',
};

const NAMED = 3;

/** A map without a parent that differs, differs by its elements. */
function parentsSentence(parents: readonly string[]): string {
  if (parents.length === 0) return 'its elements differ';
  if (parents.length === 1) return `its parent ${parents[0]} differs`;
  const more = parents.length - NAMED;
  return `its parents ${parents.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''} differ`;
}

export const DIFFERENCE_CAUSES = Object.keys(CAUSES) as DifferenceCause[];

/** Why a knot differs, for people: without a capital and a full stop. */
export function differenceSentence(difference: KnotDifference): string {
  const { first, second } = difference;
  const told = difference.causes.map((cause) => CAUSES[cause](difference));
  return [...told, ...(tableSentence(first, second) ?? [])].join('; ');
}
