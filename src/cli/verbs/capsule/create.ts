import { formatBytes } from '../../../visualisation/words';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { WrittenCapsule } from '../../../capsule';
import { flag, unless, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, PROJECT, collect } from '../../options/server-options';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { commandLine } from '../../output/typed-commands';
import { writeWhole } from '../../output/write-whole';
import { tellAbsent } from '../../show/absent-values';
import { verb } from '../../table/verb';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const OPTIONS = {
  out: valued('<file>', 'the file to write (default: <run-id>.selvage.html)', { short: '-o' }),
  maxTotal: valued('<size>', 'how much all values may have together: 512k, 16m (default: 16m)', {
    read: size,
  }),
  maxValue: valued('<size>', 'how much one value may have; larger ones are left out (default: 1m)', {
    read: size,
  }),
  values: unless('leave out all values: hashes stay'),
  redact: valued(
    '<knot.path>',
    'keep back the value of a knot, or what a path leads to in it: users, users.*.email; may be repeated',
    { read: collect },
  ),
  redactSubject: flag('keep back all values of runs that work for a subject, and its name'),
  withSecrets: flag('include what looks like a secret, which is left out otherwise'),
  ...JSON_DOCUMENT,
  ...PROJECT,
};

export const addCapsuleCreate = verb({
  name: 'create',
  summary: 'put a run into one file: a page that is also its records and values',
  description:
    'Writes one HTML file with the plan, the records and the values of a run and of those that its knots have started. It opens as a page in any browser, ' +
    'without a network; `--capsule FILE` lets reading commands read it, and `selvage debug` runs its knots again. It has no code. Reads the backends and needs no server.',
  arguments: { '<run-id>': '' },
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage capsule create nightly-1f2e3d4c5b6a\n  $ selvage capsule create nightly-1f2e3d4c5b6a -o bug.selvage.html --redact "users.*.email" --max-value 4m',
  async work(run: string, options: Chosen<typeof OPTIONS>, output: Output) {
    const { withRecords } = await import('../../location/records.js');
    const { maxTotal, maxValue, values, redact, redactSubject, withSecrets } = options;
    return await withRecords(options, async (backends) => {
      const written = await (
        await import('../../../capsule/index.js')
      ).writeCapsule(backends, run, {
        values,
        maxTotalBytes: maxTotal,
        maxValueBytes: maxValue,
        redact,
        redactSubject,
        secrets: withSecrets,
      });
      const file = path.resolve(options.out ?? fileNameOf(run));
      // Only the owner can read the capsule, and decides whom to pass it to.
      await writeWhole(file, written.html, 0o600);
      tellWritten(written, file, output);
      const { html, run: record, ...counts } = written;
      return output.finish({ runId: record.run_id, file, bytes: Buffer.byteLength(html), ...counts });
    });
  },
});

const LONGEST_NAME = 100;

/** Replaces slashes of an id, which would lead to another folder. */
function fileNameOf(run: string): string {
  const name = run
    .replace(/[^\w.=@+-]+/g, '_')
    .replace(/^\.+/, '')
    .slice(0, LONGEST_NAME);
  return `${name || 'run'}.selvage.html`;
}

function tellWritten(written: WrittenCapsule, file: string, output: Output): void {
  const {
    html,
    fingerprint,
    run,
    runs,
    records,
    values,
    valueBytes,
    absent,
    opened,
    tellingKnots,
    secretConstants,
  } = written;
  output.say(
    `${file} has run ${output.bold(run.run_id)} (${run.tapestry}, ${run.status}): ${plural(records, 'record')} of ${plural(runs, 'run')}, ` +
      `${plural(values, 'value')} of ${formatBytes(valueBytes)}. The file has ${formatBytes(Buffer.byteLength(html))}.`,
  );
  if (run.status === 'running')
    output.warn(`${output.yellow('warning')} The run is not over: the file has what was on record now.`);
  tellAbsent(absent, output);
  if (opened > 0) {
    output.warn(
      `${output.yellow('warning')} ${plural(opened, 'value')} that the data store has sealed can be read in the file by whoever has it. Keep them back by --redact, --redact-subject or --no-values.`,
    );
  }
  if (secretConstants.length > 0) {
    output.warn(
      `${output.yellow('warning')} Plans have constants that are named like secrets, and are in the file as they are: ${secretConstants.join(', ')}. Take them from \`resources\` of the worker instead.`,
    );
  }
  if (tellingKnots.length > 0) {
    output.warn(
      `${output.yellow('warning')} What was redacted is also in the values of ${tellingKnots.join(', ')}. Redact those, too, if they are not to tell it.`,
    );
  }
  output.say(`Its hash, which \`selvage capsule open\` shows, too: ${fingerprint}`);
  output.say(
    `Open it in a browser, or: ${commandLine(['capsule', 'open', file])}; run its knots again: ${commandLine(['debug', file, 'FILE', '--all'])}`,
  );
}

function size(text: string): number {
  const [, number, unit] = /^(\d{1,9})([kmg]?)i?b?$/i.exec(text) ?? [];
  if (number === undefined)
    throw new InvalidArgumentError('It must be a number of bytes: 65536, 512k, 16m, 1g.');
  return Number(number) * UNITS[unit!.toLowerCase()]!;
}
