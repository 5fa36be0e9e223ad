import { z } from 'zod';
import { versionsInUse } from '../../connection/across/version-answers';
import { readVersions } from '../../connection/across/versions';
import { openRunFilters } from '../fields';
import { question } from '../operation';

export const list = question({
  name: 'versions.list',
  summary: 'which versions of code unfinished runs need, which workers have them, and which can be removed',
  group: 'operate',
  ask: z.strictObject(openRunFilters),
  answer: versionsInUse,
  examples: [{}, { tapestry: 'nightly' }],
  /** @throws SelvageError `ServerUnreachable`, `BackendUnavailable` */
  run: async ({ reach }, query) => await reach.do(({ across }) => readVersions(across, query)),
});
