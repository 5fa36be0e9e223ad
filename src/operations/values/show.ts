import { z } from 'zod';
import { isBytesHash } from '../../values';
import { isTableHash } from '../../values/hash';
import { hash } from '../fields';
import { question } from '../operation';
import { tableShown } from '../tables/window';
import { missingValue, readFor } from './open-value';
import { readBytes } from './read-bytes';
import {
  partOfValue,
  runOfValue,
  valueView,
  viewOfBytes,
  viewOfJson,
  WHOLE_BYTES,
  type ValueView,
} from './value-view';

export const show = question({
  name: 'values.show',
  summary: 'what a value is, or a part of it',
  description: 'Shows the beginning of a large value. If a value cannot be shown, the answer says why.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    hash,
    runId: runOfValue,
    ...partOfValue,
  }),
  answer: valueView,
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }, { hash: 'sha256:4f2a', path: ['users', 3, 'name'] }],
  readsValues: true,
  inFull: true,
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `BackendUnavailable` */
  async run(of, { runId, hash: given, ...part }): Promise<ValueView> {
    const { dataStore } = of.backends;
    return await readFor(
      of,
      { hash: given, runId },
      async ({ hash, record, isRedacted }): Promise<ValueView> => {
        const how = { ...part, isRedacted };
        if (isTableHash(hash) && part.as === undefined && part.path.length === 0)
          return await tableShown(of.backends, hash, part, isRedacted);
        const read = await readBytes(dataStore, hash, WHOLE_BYTES);
        if (!read) throw await missingValue(of.backends, hash);
        const size = read.isCut ? (record?.output_size ?? read.bytes.byteLength) : read.bytes.byteLength;
        const { stored: mediaType, columns } = (record?.extra ?? {}) as {
          stored?: string;
          columns?: readonly number[];
        };
        if (isBytesHash(hash)) return viewOfBytes({ hash, size, bytes: read.bytes, mediaType }, how);
        return viewOfJson({ hash, size, bytes: read.bytes, isCut: read.isCut, columns }, how);
      },
    );
  },
});
