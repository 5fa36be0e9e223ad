import { z } from 'zod';
import { mapOfElement } from '../../authoring/element-id';
import { diffRuns, differenceSentence, type KnotDifference } from '../../records/questions';
import { DIFFERENCE_CAUSES } from '../../records/questions/difference-sentence';
import { recordInCamelCase } from '../../values/answer-json';
import { append } from '../../values/append';
import { limit, list, name } from '../fields';
import { question } from '../operation';
import { runSummary, summaryOf } from '../runs/summary';
import { SUMMARIES } from '../summaries';
import { foldElements } from './element-ranges';
import { recordView } from './record';

export const diff = question({
  name: 'lineage.diff',
  ...SUMMARIES['lineage.diff'],
  description:
    'Compares two runs knot by knot, by outcomes and hashes. For the first knots that differ, tells why: other code, constants, parameters, signals or wiring, ' +
    'a failure, or a body that gives something else on the same inputs. The exit code of the command is 1 if they differ.',
  readsCapsules: true,
  ask: z.strictObject({
    first: name.describe('id of one run'),
    second: name.describe('id of the other run'),
    limit: limit(1_000, 50).describe(
      'how many differences at most; elements of a map that differ for one reason count as one',
    ),
  }),
  at: ['first', 'second'],
  answer: z.object({
    first: runSummary,
    second: runSummary,
    /** Number of knots with equal results, and with different ones. */
    equal: z.int(),
    different: z.int(),
    /** First the knots that differ although no parent does, then those below them; parents come before children. */
    items: list(
      z.object({
        /** The knot, or elements of a map with one reason, such as `pages[0–17, 20]`. */
        name: z.string(),
        /** Number of elements; absent for one knot. */
        count: z.int().optional(),
        /** The first knot or element, which the other fields are about. */
        knotId: z.string(),
        isFirst: z.boolean(),
        causes: list(z.enum(DIFFERENCE_CAUSES)),
        inputs: list(z.string()),
        /** Ids of the parents that differ. */
        parents: list(z.string()),
        explanation: z.string(),
        first: recordView.optional(),
        second: recordView.optional(),
      }),
    ),
    /** Number of items without the limit. */
    total: z.int(),
  }),
  inFull: ['items'],
  examples: [{ first: 'nightly-1', second: 'nightly-2' }],
  /** @throws SelvageError `UnknownRun`, `BackendUnavailable` */
  async run({ backends: { runHistory } }, ask) {
    const { first, second, equal, items } = await diffRuns(runHistory, ask.first, ask.second);
    const groups = [true, false].flatMap((isFirst) =>
      alikeIn(items.filter((one) => one.isFirst === isFirst)),
    );
    return {
      first: summaryOf(first),
      second: summaryOf(second),
      equal,
      different: items.length,
      items: groups.slice(0, ask.limit).map((alike) => {
        const difference = alike[0]!;
        return {
          ...difference,
          name: foldElements(alike.map(({ knotId }) => knotId))[0]!,
          ...(alike.length > 1 && { count: alike.length }),
          explanation: differenceSentence(difference),
          first: difference.first && recordInCamelCase(difference.first),
          second: difference.second && recordInCamelCase(difference.second),
        };
      }),
      total: groups.length,
    };
  },
});

/** Groups elements of one map that differ for one reason. */
function alikeIn(differences: readonly KnotDifference[]): KnotDifference[][] {
  const alike = new Map<string, KnotDifference[]>();
  for (const difference of differences) {
    const { knotId, first, second, causes, inputs } = difference;
    const map = mapOfElement(knotId);
    const reason = [causes, inputs, first?.outcome, second?.outcome];
    append(alike, JSON.stringify(map === undefined ? [knotId] : [map, reason]), difference);
  }
  return [...alike.values()];
}
