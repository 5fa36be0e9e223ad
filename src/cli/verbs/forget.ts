import { flag, type Chosen } from '../options/option';
import { JSON_DOCUMENT, PROJECT } from '../options/server-options';
import { formatTable, formatTime, plural } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  yes: flag('do it; else it is only shown what would be forgotten'),
  force: flag('also while runs of the subject work, which then fail'),
  ...JSON_DOCUMENT,
  ...PROJECT,
};

export const addForget = verb({
  name: 'forget',
  summary: 'make all values of a subject unreadable, for good',
  description:
    'Lists the runs of a subject (`--subject` of a run) and, with --yes, deletes its key: all that was stored for these runs is unreadable then, in ' +
    'backups, too. Lineage stays. Needs SELVAGE_KEYS, and the place of the keys of subjects (SELVAGE_SUBJECT_KEYS) that the workers use.',
  arguments: { '<subject>': '' },
  options: OPTIONS,
  after:
    '\nExit codes: 0 done, or shown; 2 usage, an unknown subject, or runs of it that work.\n\nExample:\n  $ selvage forget user-42 --yes',
  async work(
    subject: string,
    { yes = false, force = false, ...options }: Chosen<typeof OPTIONS>,
    output: Output,
  ) {
    const { withRecords } = await import('../location/records.js');
    const { encryptionOf, forgetSubject, runsOfSubject } = await import('../../encryption/index.js');
    return await withRecords(options, async (backends) => {
      const runs = await runsOfSubject(backends.runHistory, subject);
      output.say(
        runs.length === 0
          ? `No run on record has the subject ${subject}.`
          : `Runs of ${output.bold(subject)}:\n${formatTable(
              ['RUN', 'TAPESTRY', 'STATUS', 'STARTED'],
              runs.map((run) => [run.run_id, run.tapestry, run.status, formatTime(run.started_at)]),
            )}`,
      );
      const known = await encryptionOf(backends)?.subjects.record(subject);
      const record = yes || !known ? await forgetSubject(backends, subject, { force }) : known;
      output.say(
        record.forgottenAt === null
          ? `Nothing was forgotten yet. With --yes, no value of ${plural(runs.length, 'run')} can be read ever again.`
          : `${subject} was forgotten on ${formatTime(record.forgottenAt)}: its values cannot be read any more. Processes that work may have its key at hand ` +
              'for 15 s after that.',
      );
      return output.finish({
        subject,
        forgottenAt: record.forgottenAt,
        runs: runs.map(({ run_id: runId, status }) => ({ runId, status })),
      });
    });
  },
});
