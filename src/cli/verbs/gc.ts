import { z } from 'zod';
import { duration } from '../../operations/fields';
import type { GarbageReport } from '../../records/retention';
import { JSON_DOCUMENT, SERVER, type ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { describeGarbage, exitCodeOf } from '../show/garbage';
import { verb } from '../table/verb';
import { optionsOfFields, readFields } from '../table/verb-of-table';
import { interruptible } from '../work/interruptible';

const FIELDS = {
  dryRun: z.boolean().optional().describe('only count'),
  grace: duration.optional().describe('values that were put within it stay; 2h or more (default: 24h)'),
  ttl: duration
    .optional()
    .describe('also values whose last put or use is longer ago, whatever names them; 2h or more'),
};

export const addGc = verb({
  description:
    'Removes the values that no record names, if they were put before the grace, and before the oldest unfinished run began. With --ttl, also older values ' +
    'that records name. Lineage stays; a run that needs a removed value makes it anew. May run beside workers, at any time. ' +
    'Ctrl-C ends it between two pages, and the next one does the rest.',
  options: { ...optionsOfFields(FIELDS), ...JSON_DOCUMENT, ...SERVER },
  after:
    '\nExit codes: 0 done; 130 interrupted.\n\nExamples:\n  $ selvage gc --dry-run\n  $ selvage gc --ttl 90d',
  async work(options: ServerOptions, output: Output) {
    return await interruptible(options, output, async (selvage, signal, interruption) => {
      const report = await selvage.values.collectGarbage({
        ...readFields(FIELDS, options),
        signal,
        ...(output.isLive && {
          onProgress: ({ examined, unreferenced, expired }: GarbageReport) =>
            output.live(`${examined.count} values looked at, ${unreferenced.count + expired.count} to go`),
        }),
      });
      output.endLive();
      output.say(describeGarbage(report));
      return output.conclude(exitCodeOf(report, interruption), report);
    });
  },
});
