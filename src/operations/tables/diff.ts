import { z } from 'zod';
import * as fields from '../fields';
import { question } from '../operation';
import { isTableHash } from '../../values';
import { SelvageError } from '../../errors';
import { readFor } from '../values/open-value';
import { notShown, runOfValue } from '../values/value-view';
import { openTable } from './open-table';
import { differenceOf, differenceView } from './table-difference';

export const diff = question({
  name: 'tables.diff',
  summary: 'how two tables differ: columns, and rows by key',
  description:
    'Counts rows that are only in one table, and rows with other values. Rows are matched by the key if both tables have the same one, otherwise by their number. ' +
    'Of large tables, `compared` says how many of the first rows the counts cover. The exit code of the command is 1 if the tables differ.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    first: fields.hash.describe('hash of one table, or its beginning'),
    second: fields.hash.describe('hash of the other table, or its beginning'),
    firstRun: runOfValue.describe('the run whose key decrypts the first table'),
    secondRun: runOfValue.describe('the run whose key decrypts the second table'),
    rows: fields.limit(1_000, 100).describe('how many rows that differ to show at most'),
    scan: z
      .int()
      .min(1)
      .optional()
      .describe('how many rows of each table to compare (default: as many as have 10 million cells)'),
  }),
  answer: z.discriminatedUnion('form', [differenceView, notShown]),
  at: ['first', 'second'],
  examples: [{ first: 'table-sha256:4f2a', second: 'table-sha256:91c0' }],
  readsValues: true,
  inFull: true,
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `ValueDamaged`, `BackendUnavailable` */
  async run(of, ask) {
    const open = (hash: string, runId: string | undefined) =>
      readFor(of, { hash, runId }, async (found) => {
        if (!isTableHash(found.hash))
          throw new SelvageError('InvalidQuery', `The value ${found.hash} is no table.`);
        const opened = await openTable(of.backends, found.hash, true);
        return { form: 'opened' as const, hash: found.hash, ...opened };
      });
    const first = await open(ask.first, ask.firstRun);
    if (first.form === 'none') return first;
    const second = await open(ask.second, ask.secondRun);
    if (second.form === 'none') return second;
    return await differenceOf(first, second, ask, !of.caller.maySeeSecrets);
  },
});
