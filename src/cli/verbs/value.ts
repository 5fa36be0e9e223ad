import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import { SelvageError } from '../../errors';
import type { Form } from '../../operations/tables/file';
import type { Backends } from '../../ports';
import { valued, type Chosen } from '../options/option';
import { CAPSULE, JSON_DOCUMENT, PROJECT } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  out: valued(
    '<file>',
    'write the stored bytes there: canonical JSON, or raw bytes as they were stored; a table as FILE.csv, FILE.parquet or FILE.arrow',
    {
      short: '-o',
    },
  ),
  ...CAPSULE,
  ...JSON_DOCUMENT,
  ...PROJECT,
};

export const addValue = verb({
  name: 'value',
  summary: 'show or save the value with a hash',
  description: 'Shows the value with this hash, or writes its bytes to a file.',
  arguments: { '<hash>': 'or its beginning, four digits or more' },
  options: OPTIONS,
  after:
    '\nExample:\n  $ selvage value sha256:3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278',
  async work(given: string, options: Chosen<typeof OPTIONS>, output: Output) {
    const { encodeJson, isTableHash } = await import('../../values/index.js');
    const { withRecords } = await import('../location/records.js');
    const { decodeStored } = await import('../../runtime/index.js');
    const { resolveHash } = await import('../../records/questions/index.js');
    return await withRecords(options, async (backends) => {
      const { dataStore, runHistory } = backends;
      const hash = await resolveHash(runHistory, given);
      if (options.out !== undefined && isTableHash(hash)) {
        const { tableFile } = await import('../../operations/tables/file.js');
        const pieces = await tableFile(backends, hash, formOf(options.out));
        await pipeline(pieces, createWriteStream(options.out));
        output.say(`${hash} is in ${options.out}.`);
        return output.finish({ hash, file: options.out });
      }
      if (options.out !== undefined) {
        const stream = await dataStore.getStream(hash);
        if (!stream) throw await missing(backends, hash);
        await pipeline(stream, createWriteStream(options.out));
        output.say(`${hash} is in ${options.out}.`);
        return output.finish({ hash, file: options.out });
      }
      if (isTableHash(hash) && !output.json) {
        const { describeTable } = await import('../show/tables.js');
        const { tableShown } = await import('../../operations/tables/window.js');
        output.say(describeTable(await tableShown(backends, hash, { from: 0, rows: 20 }, false)));
        return EXIT.ok;
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
  },
});

/** @throws SelvageError `Usage` */
export function formOf(file: string): Form {
  const [, form] = /\.(csv|parquet|arrow)$/i.exec(file) ?? [];
  if (form !== undefined) return form.toLowerCase() as Form;
  throw new SelvageError(
    'Usage',
    `A table is written as FILE.csv, FILE.parquet or FILE.arrow, and ${file} is none of them.`,
  );
}

async function missing(backends: Backends, hash: string): Promise<SelvageError> {
  const { missingValue } = await import('../../operations/values/open-value.js');
  return await missingValue(backends, hash);
}
