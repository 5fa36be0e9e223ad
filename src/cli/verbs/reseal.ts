import { JSON_DOCUMENT, PROJECT, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { joined, plural } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

export const addReseal = verb({
  name: 'reseal',
  summary: 'seal with the current key what is sealed with an older one',
  description:
    'Seals all values with the first key of SELVAGE_KEYS that are sealed with another one, or not at all, and wraps the keys of subjects with it. May be ' +
    'broken off and repeated, while workers work that have that key as their first, too. Says which keys nothing stored needs any more.',
  options: { ...JSON_DOCUMENT, ...PROJECT },
  after:
    "\nTemporal's histories are not changed: keep an old key until the server has forgotten the runs of its time.\n\n" +
    'Exit codes: 0 all is sealed with the current key, 1 some values do not open and stay, 2 usage or a missing key.\n\nExample:\n  $ selvage reseal',
  async work(options: RecordOptions, output: Output) {
    const { withRecords } = await import('../location/records.js');
    const { reseal } = await import('../../encryption/index.js');
    return await withRecords(options, async (backends) => {
      const done = await reseal(backends);
      output.say(
        joined(
          `${plural(done.values, 'value')} and ${plural(done.subjectKeys, 'key')} of subjects are sealed anew with the key ${output.bold(done.key)}.`,
          done.freed.length > 0 && `Nothing stored needs any more: ${done.freed.join(', ')}.`,
          done.damaged > 0 && `${plural(done.damaged, 'value')} did not open and stayed as they were.`,
        ),
      );
      return output.conclude(done.damaged > 0 ? EXIT.runFailed : EXIT.ok, done);
    });
  },
});
