import { createHash, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Libsql from 'libsql';
import { valueFile } from '../../../src/adapters/disk/entries';
import { openBackends } from '../../../src/backends';

const FIVE_HOURS_MS = 5 * 60 * 60 * 1000;
/** It ends by itself where nobody tells it to. */
const LONGEST_MS = 90_000;

/**
 * Takes values that are old, puts or keeps them at the very moment at which a sweep may find them so, and tells which were missing although the
 * answer had been that they are there. Goes on until it is told to stop, by a file. Arguments: folder, URL of the data store, rounds at the least,
 * that file.
 */
async function main(): Promise<void> {
  const [folder = '', data = '', rounds = '0', stop = ''] = process.argv.slice(2);
  const deadline = performance.now() + LONGEST_MS;
  const goesOn = (round: number): boolean =>
    round < Number(rounds) || (!existsSync(stop) && performance.now() < deadline);
  const { dataStore, close } = await openBackends({ data, projectDir: folder, environment: {} });
  const age = data.startsWith('file:') ? ageFile : ageRow;
  const told = { puts: 0, kept: 0, gone: 0, missing: [] as string[] };
  for (let round = 0; goesOn(round); round += 1) {
    const bytes = Buffer.from(`"value ${round % 8}"`);
    const hash = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await age(folder, data, hash);
    // Mostly at once, and now and then so late that a slow sweep has time to find it old.
    await delay(randomInt(round % 4 === 0 ? 40 : 4));
    if (round % 3 > 0) {
      await dataStore.put([{ hash, bytes }]);
      told.puts += 1;
    } else if ((await dataStore.keep([hash])).has(hash)) {
      told.kept += 1;
    } else {
      told.gone += 1;
      continue;
    }
    for (let look = 0; look < 3; look += 1) {
      if (!(await dataStore.get(hash))) told.missing.push(`${round}: ${hash}`);
      await delay(1);
    }
  }
  await close();
  process.stdout.write(JSON.stringify(told));
}

async function ageFile(folder: string, data: string, hash: string): Promise<void> {
  const then = (Date.now() - FIVE_HOURS_MS) / 1000;
  const file = path.join(folder, data.slice('file:'.length), valueFile(hash));
  await utimes(file, then, then).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function ageRow(folder: string, data: string, hash: string): Promise<void> {
  const database = new Libsql(path.join(folder, data.slice('sqlite:'.length)), { timeout: 5_000 });
  database
    .prepare('update selvage_values set last_put_at = ? where hash = ?')
    .run([Date.now() - FIVE_HOURS_MS, hash]);
  database.close();
}

void main();
