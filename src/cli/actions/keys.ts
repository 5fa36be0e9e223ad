import { encryptionOf, forgetSubject, reseal, runsOfSubject } from '../../sealing';
import type { ForgetCommandOptions } from '../commands/keys';
import type { QuestionOptions } from '../commands/questions';
import { EXIT } from '../exit-codes';
import { formatTable, formatTime, plural } from '../format';
import type { Output } from '../output';
import { withRecords } from '../with-records';

/** `selvage forget`. */
export async function forget(
  subject: string,
  { yes = false, force = false, ...options }: ForgetCommandOptions,
  output: Output,
): Promise<number> {
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
    if (output.json) {
      output.document({
        subject,
        forgottenAt: record.forgottenAt,
        runs: runs.map(({ run_id: runId, status }) => ({ runId, status })),
      });
    }
    return EXIT.ok;
  });
}

/** `selvage reseal`. */
export async function resealAll(options: QuestionOptions, output: Output): Promise<number> {
  return await withRecords(options, async (backends) => {
    const done = await reseal(backends);
    output.say(
      [
        `${plural(done.values, 'value')} and ${plural(done.subjectKeys, 'key')} of subjects are sealed anew with the key ${output.bold(done.key)}.`,
        ...(done.freed.length > 0 ? [`Nothing stored needs any more: ${done.freed.join(', ')}.`] : []),
        ...(done.damaged > 0
          ? [`${plural(done.damaged, 'value')} did not open and stayed as they were.`]
          : []),
      ].join('\n'),
    );
    if (output.json) output.document(done);
    return done.damaged > 0 ? EXIT.runFailed : EXIT.ok;
  });
}
