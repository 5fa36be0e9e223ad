import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import type { Command } from 'commander';
import type { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import type { Does } from '../options/does';
import {
  addCapsuleOption,
  addCommonOptions,
  addJsonOption,
  type RecordOptions,
} from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural } from '../output/format';
import type { Output } from '../output/output';

interface ValueOptions extends RecordOptions {
  readonly out?: string;
}

export function addValue(program: Command, does: Does): void {
  const command = program
    .command('value')
    .summary('show or save the value with a hash')
    .description('Shows the value with this hash, or writes its bytes to a file.')
    .argument('<hash>', 'or its beginning, four digits or more')
    .option(
      '-o, --out <file>',
      'write the stored bytes there: canonical JSON, or raw bytes as they were stored',
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ selvage value sha256:3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278',
    );
  addCommonOptions(addJsonOption(addCapsuleOption(command))).action(does(showValue));
}

async function showValue(given: string, options: ValueOptions, output: Output): Promise<number> {
  const { encodeJson } = await import('../../values/index.js');
  const { withRecords } = await import('../location/records.js');
  const { decodeStored } = await import('../../runtime/index.js');
  const { resolveHash } = await import('../../records/questions/index.js');
  return await withRecords(options, async (backends) => {
    const { dataStore, runHistory } = backends;
    const hash = await resolveHash(runHistory, given);
    if (options.out !== undefined) {
      const stream = await dataStore.getStream(hash);
      if (!stream) throw await missing(backends, hash);
      await pipeline(stream, createWriteStream(options.out));
      output.say(`${hash} is in ${options.out}.`);
      return output.finish({ hash, file: options.out });
    }
    const bytes = await dataStore.get(hash);
    if (!bytes) throw await missing(backends, hash);
    const value = decodeStored(hash, bytes);
    if (output.json) output.document({ hash, size: bytes.byteLength, value: encodeJson(value) });
    else if (value instanceof Uint8Array)
      output.say(`${plural(value.byteLength, 'byte')}. Save them with --out FILE.`);
    else output.say(inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null }));
    return EXIT.ok;
  });
}

async function missing(backends: Backends, hash: string): Promise<SelvageError> {
  const { missingValue } = await import('../../operations/values/show.js');
  return await missingValue(backends, hash);
}
