import { z } from 'zod';
import { versionsInUse } from '../../connection/across/version-answers';
import { readVersions } from '../../connection/across/versions';
import { openRunFilters } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';

export const list = question({
  name: 'versions.list',
  ...SUMMARIES['versions.list'],
  description:
    'Lists the plans of unfinished runs, and the bodies that these still need, with the workers that have them. A body that no unfinished run needs may be removed from the workers.',
  needs: ['records', 'server'],
  ask: z.strictObject(openRunFilters),
  answer: versionsInUse,
  examples: [{}, { tapestry: 'nightly' }],
  /** @throws SelvageError `ServerUnreachable`, `BackendUnavailable` */
  run: async ({ reach }, query) => await reach.do(({ across }) => readVersions(across, query)),
});
