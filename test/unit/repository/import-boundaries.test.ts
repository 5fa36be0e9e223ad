import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';

/** The configuration is plain JavaScript, which brings no types. */
const { blocks, boundaries } = jest.requireActual<{
  blocks: Linter.Config[];
  boundaries: Record<string, { sandboxed?: boolean }>;
}>('../../../eslint.boundaries');
const wholeConfig = jest.requireActual<Linter.Config[]>('../../../eslint.config');

const root = path.resolve(__dirname, '../../..');
const parser = {
  languageOptions: { parser: tseslint.parser },
  plugins: { '@typescript-eslint': tseslint.plugin },
};

/** The rules that refuse this code as the file `src/<file>`, by the boundaries alone. */
function refusals(file: string, code: string): (string | null)[] {
  const config = [{ files: ['**/*.ts'], ...parser }, ...blocks] as Linter.Config[];
  const messages = new Linter({ cwd: root }).verify(code, config, path.join(root, 'src', file));
  return messages.map(({ ruleId, message }) => ruleId ?? message);
}

const IMPORTS = ['@typescript-eslint/no-restricted-imports'];

describe('import boundaries', () => {
  test('every folder of src has one', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const { name } of folders) expect(Object.keys(boundaries)).toContain(name);
  });

  test('are part of the configuration that `npm run lint` uses', async () => {
    const eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: wholeConfig,
    });
    const config = (await eslint.calculateConfigForFile('src/engine/any.ts')) as Linter.Config;
    expect(config.rules).toHaveProperty([IMPORTS[0] as string]);
    expect(config.rules).toHaveProperty(['import-x/no-cycle', 0], 2);
  });

  test.each([
    ['engine/any.ts', "import { readFileSync } from 'node:fs';\nreadFileSync('x');"],
    ['engine/any.ts', "import { proxyActivities } from '@temporalio/workflow';\nproxyActivities({});"],
    ['engine/any.ts', "import { z } from 'zod';\nz.string();"],
    ['engine/any.ts', "import type { DataStore } from '../protocols';\nexport type X = DataStore;"],
    ['engine/deeper/any.ts', "import { Selvage } from '../../client';\nnew Selvage();"],
    ['engine/any.ts', "export * from '../local';"],
    ['model/any.ts', "import { createHash } from 'node:crypto';\ncreateHash('sha256');"],
    ['canonical/any.ts', "import fs from 'fs';\nfs.existsSync('x');"],
    ['errors/any.ts', "import { encodeValue } from '../canonical';\nencodeValue(1);"],
    ['protocols/any.ts', "import { compile } from '../engine';\ncompile();"],
    ['protocols/any.ts', "import { Kysely } from 'kysely';\nnew Kysely();"],
    ['workflows/any.ts', "import { createHash } from 'node:crypto';\ncreateHash('sha256');"],
    ['workflows/any.ts', "import { z } from 'zod';\nz.string();"],
    ['workflows/any.ts', "import { knotRecord } from '../protocols';\nknotRecord;"],
    ['workflows/any.ts', "import { knot } from '../model';\nknot;"],
    ['workflows/any.ts', "import type { Worker } from '@temporalio/worker';\nexport type X = Worker;"],
    ['local/any.ts', "import { ApplicationFailure } from '@temporalio/common';\nApplicationFailure;"],
    ['execution/any.ts', "import { Context } from '@temporalio/activity';\nContext;"],
    ['adapters/data-stores/any/index.ts', "import { Client } from '@temporalio/client';\nClient;"],
    ['adapters/data-stores/any/index.ts', "import { compile } from '../../../engine';\ncompile;"],
    ['backends/any.ts', "import { Kysely } from 'kysely';\nKysely;"],
    ['client/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['client/any.ts', "import { createWorker } from '../worker';\ncreateWorker;"],
    ['client/any.ts', "import { interpreter } from '../workflows';\ninterpreter;"],
    ['activities/any.ts', "import { interpreter } from '../workflows/interpreter';\ninterpreter;"],
    ['activities/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['interceptors/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['server/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['cli/any.ts', "import { createWorker } from '../worker';\ncreateWorker;"],
  ])('src/%s must not: %s', (file, code) => {
    expect(refusals(file, code)).toEqual(IMPORTS);
  });

  test.each([
    ['engine/any.ts', "import { hashJson } from '../canonical';\nhashJson;"],
    ['engine/any.ts', "import { x } from './client';\nx;"],
    ['canonical/any.ts', "import { sha256 } from '@noble/hashes/sha2';\nsha256;"],
    ['protocols/any.ts', "import { z } from 'zod';\nz;"],
    ['workflows/any.ts', "import { proxyActivities } from '@temporalio/workflow';\nproxyActivities;"],
    ['workflows/any.ts', "import type { RunStatus } from '../protocols';\nexport type X = RunStatus;"],
    ['adapters/data-stores/any/index.ts', "import { helper } from '../../shared/helper';\nhelper;"],
    [
      'client/any.ts',
      "import type { WorkerOptions } from '@temporalio/worker';\nexport type X = WorkerOptions;",
    ],
    ['client/any.ts', "export const open = async () => import('../worker');"],
    ['activities/any.ts', "import { SIGNALS } from '../workflows/messages';\nSIGNALS;"],
    ['worker/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
  ])('src/%s may: %s', (file, code) => {
    expect(refusals(file, code)).toEqual([]);
  });
});

describe('folders that run without Node', () => {
  const sandboxed = Object.entries(boundaries).filter(([, boundary]) => boundary.sandboxed);

  test('are the pure ones and the workflow bundle', () => {
    const names = sandboxed.map(([name]) => name).sort();
    expect(names).toEqual(['canonical', 'engine', 'errors', 'model', 'workflows']);
  });

  test.each([
    ["Buffer.from('x');", 'no-restricted-globals'],
    ['process.exit();', 'no-restricted-globals'],
    ['setTimeout(() => {}, 1);', 'no-restricted-globals'],
    ['Date.now();', 'no-restricted-properties'],
    ['new Date();', 'no-restricted-syntax'],
    ['Math.random();', 'no-restricted-properties'],
    ["void import('./late');", 'no-restricted-syntax'],
  ])('must not: %s', (code, rule) => {
    for (const [name] of sandboxed) expect(refusals(`${name}/any.ts`, code)).toEqual([rule]);
  });

  test('may use a date that it was given', () => {
    expect(refusals('engine/any.ts', "new Date('2020-01-01T00:00:00Z');")).toEqual([]);
  });
});
