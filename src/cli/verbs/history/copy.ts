import type { CopyReport } from '../../../records/retention';
import { flag, required, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, PROJECT } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';

const OPTIONS = {
  from: valued('<url>', "where from (default: the project's backends)"),
  fromData: valued('<url>', 'where its values are, if they are elsewhere'),
  to: required('<url>', 'where to, such as postgres://user@host/selvage'),
  toData: valued('<url>', 'where its values go, if elsewhere'),
  toLarge: valued('<url>', 'where its values over 64 KiB go, such as s3://bucket/prefix'),
  merge: flag('also where the target has runs of its own'),
  ...JSON_DOCUMENT,
  ...PROJECT,
};

export const addHistoryCopy = verb({
  name: 'copy',
  summary: 'copy runs, lineage, plans, values and the ledger to another database',
  description:
    'Copies all finished runs, with their lineage, plans, values and start ledger, such as from SQLite to PostgreSQL, and compares them there. ' +
    'After an interruption, repeat it: nothing is copied twice. Unfinished runs are left out and counted; copy again when they are over. ' +
    'Cursors of emitters do not move. Needs no server.',
  options: OPTIONS,
  after:
    '\nExit codes: 0 all was copied and is equal, 1 something differs or runs are not over, 2 usage.\n\n' +
    'Example:\n  $ selvage history copy --to postgres://selvage@db.internal/selvage',
  async work(options: Chosen<typeof OPTIONS>, output: Output) {
    const { copyRecords } = await import('../../../records/retention/index.js');
    const { projectFolder } = await import('../../../node/project-folder.js');
    const { requireHistory, withBackends } = await import('../../location/records.js');
    const projectDir = projectFolder(options.projectDir);
    if (options.from === undefined) requireHistory(options);
    const { from: url, fromData: data, to: ledger, toData, toLarge: largeData } = options;
    return await withBackends({ projectDir, url, data }, (from) =>
      withBackends({ projectDir, url: ledger, ledger, data: toData, largeData }, async (to) => {
        let told = Date.now();
        const report = await copyRecords({
          from,
          to,
          merge: options.merge,
          onProgress: ({ values, runs }) => {
            if (Date.now() - told < TELL_MS) return;
            told = Date.now();
            output.say(output.dim(`… ${values.added} values, ${runs.added} of ${plural(runs.total, 'run')}`));
          },
        });
        output.say(describe(report, output));
        const isWhole = report.differences.length === 0 && report.open.length === 0;
        return output.conclude(isWhole ? EXIT.ok : EXIT.runFailed, report);
      }),
    );
  },
});

const TELL_MS = 5_000;

function describe({ open, differences, ...copied }: CopyReport, output: Output): string {
  const lines = Object.entries(copied).map(
    ([name, { total, added }]) => `${`${name}:`.padEnd(9)} ${total} there, ${added} copied now`,
  );
  const left =
    open.length === 0
      ? []
      : [
          output.yellow(
            `Left out: ${plural(open.length, 'run')} not over. Let them end where they are, and copy again.`,
          ),
        ];
  const differ = differences.map((one) => output.red(`differs: ${one}`));
  const end = differences.length === 0 ? 'All that was copied is equal.' : 'Not all is equal.';
  return [...lines, ...left, ...differ, end].join('\n');
}
