import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import type { Command } from 'commander';
import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import type { Does } from '../options/does';
import { addRecordOptions, EXAMPLE_HASH, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatTime, plural } from '../output/format';
import type { Output } from '../output/output';

interface ValueOptions extends RecordOptions {
  readonly out?: string;
}

export function addValue(program: Command, does: Does): void {
  addRecordOptions(
    program
      .command('value')
      .summary('show or save the value with a hash')
      .description('Shows the value with this hash, or writes its bytes to a file.')
      .argument('<hash>', 'or its beginning, four digits or more')
      .option(
        '-o, --out <file>',
        'write the stored bytes there: canonical JSON, or raw bytes as they were stored',
      )
      .addHelpText('after', `\nExample:\n  $ selvage value ${EXAMPLE_HASH}`),
  ).action(does(showValue));
}

async function showValue(given: string, options: ValueOptions, output: Output): Promise<number> {
  const { encodeJson } = await import('../../values/index.js');
  const { withRecords } = await import('../location/records.js');
  const { decodeStored } = await import('../../runtime/index.js');
  const { resolveHash } = await import('../../records/questions/index.js');
  return await withRecords(options, async ({ dataStore, runHistory }) => {
    const hash = await resolveHash(runHistory, given);
    if (options.out !== undefined) {
      await pipeline(await streamOf({ dataStore, runHistory }, hash), createWriteStream(options.out));
      output.say(`${hash} is in ${options.out}.`);
      return output.finish({ hash, file: options.out });
    }
    const bytes = await dataStore.get(hash);
    if (!bytes) throw await notThere({ dataStore, runHistory }, hash);
    const value = decodeStored(hash, bytes);
    if (output.json) output.document({ hash, size: bytes.byteLength, value: encodeJson(value) });
    else if (value instanceof Uint8Array)
      output.say(`${plural(value.byteLength, 'byte')}. Save them with --out FILE.`);
    else output.say(inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null }));
    return EXIT.ok;
  });
}

async function streamOf(backends: Kept, hash: string): Promise<AsyncIterable<Uint8Array>> {
  const stream = await backends.dataStore.getStream(hash);
  if (!stream) throw await notThere(backends, hash);
  return stream;
}

type Kept = Pick<Backends, 'dataStore' | 'runHistory'>;

async function notThere(backends: Kept, hash: string): Promise<SelvageError> {
  const { scrubOf } = await import('../../records/retention/index.js');
  const { technology } = backends.dataStore;
  const scrubbed = await scrubOf(backends, hash);
  if (scrubbed) {
    const { at, by, reason } = scrubbed;
    return new SelvageError(
      'ValueMissing',
      `The value ${hash} was scrubbed${by === null ? '' : ` by ${by}`} at ${formatTime(at)}${reason === null ? '' : ` (${reason})`}. Its lineage is ` +
        'there (`selvage why`); to make it anew, run what made it again.',
      { details: { hash, scrubbed } },
    );
  }
  if (!(await backends.runHistory.referredTo([hash])).has(hash)) {
    return new SelvageError(
      'UnknownValue',
      `The data store (${technology}) has no value ${hash}, and no record names it. Look for the hash with \`selvage runs show RUN\` or \`selvage lineage\`, ` +
        'and whether these are the backends that you mean: `selvage doctor`.',
      { details: { hash } },
    );
  }
  return new SelvageError(
    'ValueMissing',
    `The data store (${technology}) has the value ${hash} no more, which records name. It was removed (\`selvage gc\`, \`selvage scrub\`), or it is in another store: \`selvage doctor\` shows which one this is.`,
    { details: { hash } },
  );
}
