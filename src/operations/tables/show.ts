import { z } from 'zod';
import * as fields from '../fields';
import { question } from '../operation';
import { isTableHash } from '../../values';
import { SelvageError } from '../../errors';
import { readFor } from '../values/open-value';
import { notShown, runOfValue, tableForm } from '../values/value-view';
import { OPERATORS, tableShown } from './window';

export const show = question({
  name: 'tables.show',
  summary: 'rows of a table, with types and statistics of its columns',
  description:
    'Shows a page of rows, which may be sorted and filtered. Of a large table, `sampled` and `scanned` say how many of the first rows statistics, sort and filter cover.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    hash: fields.hash,
    runId: runOfValue,
    from: z.int().min(0).default(0).describe('the first row of the page, counted from 0'),
    rows: fields.limit(1_000, 100),
    sort: fields.text.optional().describe('the column by which rows are sorted; missing cells are last'),
    descending: z.boolean().optional().describe('sorts from the last to the first'),
    filter: fields.text
      .optional()
      .describe('only rows with this text in a cell of the columns that are shown, in any case'),
    column: fields.text.optional().describe('the only column to which the filter applies'),
    operator: z
      .enum(OPERATORS)
      .optional()
      .describe('how cells of the column compare with the filter (default: contains)'),
    columns: fields
      .flagged(z.array(fields.text).min(1).max(1_000), { isByComma: true })
      .optional()
      .describe('only these columns (default: the first 100)'),
  }),
  answer: z.discriminatedUnion('form', [tableForm, notShown]),
  at: ['hash'],
  examples: [
    { hash: 'table-sha256:4f2a', rows: 20 },
    { hash: 'table-sha256:4f2a', column: 'price', operator: 'above', filter: '100' },
  ],
  readsValues: true,
  inFull: true,
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `BackendUnavailable` */
  async run(of, ask) {
    return await readFor(of, ask, async ({ hash, isRedacted }) => {
      if (!isTableHash(hash)) throw new SelvageError('InvalidQuery', `The value ${hash} is no table.`);
      return await tableShown(of.backends, hash, ask, isRedacted);
    });
  },
});
