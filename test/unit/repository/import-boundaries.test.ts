import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';

/** The configuration is plain JavaScript, which brings no types. */
const { blocks, boundaries, technologies } = jest.requireActual<{
  blocks: Linter.Config[];
  boundaries: Record<string, { sandboxed?: boolean; folders?: string[]; typesOf?: string[] }>;
  technologies: Record<string, object>;
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
    const known = Object.keys(boundaries).map((name) => name.split('/')[0]);
    for (const { name } of folders) expect(known).toContain(name);
  });

  test('no folder reaches itself by what it may import', () => {
    const next = (name: string): readonly string[] => {
      const { folders = [], typesOf = [] } = boundaries[name] ?? {};
      return [...folders, ...typesOf].map((one) => (one in boundaries ? one : one.split('/')[0]!));
    };
    const circleFrom = (path: readonly string[]): readonly string[] | undefined => {
      const reached = next(path.at(-1)!).filter((name) => name !== path.at(-1));
      if (path.length > 1 && reached.includes(path[0]!)) return [...path, path[0]!];
      for (const name of reached) {
        if (visited.has(name)) continue;
        visited.add(name);
        const found = circleFrom([...path, name]);
        if (found) return found;
      }
      return undefined;
    };
    let visited = new Set<string>();
    for (const name of Object.keys(boundaries)) {
      visited = new Set();
      expect(circleFrom([name])).toBeUndefined();
    }
  });

  test('every technology has one', () => {
    const folders = readdirSync(path.join(root, 'src/adapters')).sort();
    expect(folders).toEqual(Object.keys(technologies).sort());
  });

  test('are part of the configuration that `npm run lint` uses', async () => {
    const eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: wholeConfig,
    });
    const config = (await eslint.calculateConfigForFile('src/plan/any.ts')) as Linter.Config;
    expect(config.rules).toHaveProperty([IMPORTS[0] as string]);
    expect(config.rules).toHaveProperty(['import-x/no-cycle', 0], 2);
  });

  test.each([
    ['plan/any.ts', "import { readFileSync } from 'node:fs';\nreadFileSync('x');"],
    ['plan/any.ts', "import { proxyActivities } from '@temporalio/workflow';\nproxyActivities({});"],
    ['plan/any.ts', "import { z } from 'zod';\nz.string();"],
    ['plan/any.ts', "import type { DataStore } from '../ports';\nexport type X = DataStore;"],
    ['plan/deeper/any.ts', "import { Selvage } from '../../client';\nnew Selvage();"],
    ['plan/any.ts', "export * from '../in-process';"],
    ['authoring/any.ts', "import { createHash } from 'node:crypto';\ncreateHash('sha256');"],
    ['values/any.ts', "import fs from 'fs';\nfs.existsSync('x');"],
    ['errors/any.ts', "import { encodeValue } from '../values';\nencodeValue(1);"],
    ['ports/any.ts', "import { compile } from '../plan';\ncompile();"],
    ['ports/any.ts', "import { Kysely } from 'kysely';\nnew Kysely();"],
    ['workflows/any.ts', "import { createHash } from 'node:crypto';\ncreateHash('sha256');"],
    ['workflows/any.ts', "import { z } from 'zod';\nz.string();"],
    ['workflows/any.ts', "import { proxyActivities } from '@temporalio/workflow';\nproxyActivities;"],
    ['workflows/temporal/any.ts', "import { z } from 'zod';\nz.string();"],
    ['workflows/any.ts', "import { knotRecord } from '../ports';\nknotRecord;"],
    ['workflows/any.ts', "import { knot } from '../authoring';\nknot;"],
    ['workflows/any.ts', "import type { Worker } from '@temporalio/worker';\nexport type X = Worker;"],
    ['in-process/any.ts', "import { ApplicationFailure } from '@temporalio/common';\nApplicationFailure;"],
    ['runtime/any.ts', "import { Context } from '@temporalio/activity';\nContext;"],
    ['runtime/any.ts', "import { runLocally } from '../in-process/run-locally';\nrunLocally;"],
    ['authoring/any.ts', "import { map } from './nodes/map';\nmap;"],
    ['activities/any.ts', "import { Liveness } from './interceptors/liveness';\nLiveness;"],
    ['serve/any.ts', "import { runStream } from './streams/run-stream';\nrunStream;"],
    ['testing/any.ts', "import type { X } from './body-host/subject';\nexport type Y = X;"],
    ['adapters/sqlite/any.ts', "import { Client } from '@temporalio/client';\nClient;"],
    ['adapters/sqlite/any.ts', "import { compile } from '../../plan';\ncompile;"],
    ['adapters/sqlite/any.ts', "import { openPostgres } from '../postgres/open';\nopenPostgres;"],
    ['adapters/sqlite/any.ts', "import Database from 'libsql';\nnew Database('x');"],
    ['adapters/disk/any.ts', "import { bytesOfBlob } from '../sql/blob';\nbytesOfBlob;"],
    ['metrics/any.ts', "import { knotRecord } from '../ports';\nknotRecord;"],
    ['metrics/any.ts', "import { Counter } from 'prom-client';\nnew Counter();"],
    ['backends/any.ts', "import { Kysely } from 'kysely';\nKysely;"],
    ['records/questions/any.ts', "import { openBackends } from '../../backends';\nopenBackends;"],
    ['client/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['client/any.ts', "import { createWorker } from '../worker';\ncreateWorker;"],
    ['client/any.ts', "import { interpreter } from '../workflows';\ninterpreter;"],
    ['activities/any.ts', "import { interpreter } from '../workflows/interpreter';\ninterpreter;"],
    ['activities/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['activities/interceptors/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['server/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['cli/any.ts', "import { createWorker } from '../worker';\ncreateWorker;"],
  ])('src/%s must not: %s', (file, code) => {
    expect(refusals(file, code)).toEqual(IMPORTS);
  });

  test.each([
    ['plan/any.ts', "import { hashJson } from '../values';\nhashJson;"],
    ['plan/any.ts', "import { x } from './client';\nx;"],
    ['values/any.ts', "import { sha256 } from '@noble/hashes/sha2';\nsha256;"],
    ['ports/any.ts', "import { z } from 'zod';\nz;"],
    ['workflows/any.ts', "import { ApplicationFailure } from '@temporalio/common';\nApplicationFailure;"],
    [
      'workflows/temporal/any.ts',
      "import { proxyActivities } from '@temporalio/workflow';\nproxyActivities;",
    ],
    ['workflows/any.ts', "import type { RunStatus } from '../ports';\nexport type X = RunStatus;"],
    ['adapters/sqlite/any.ts', "import { helper } from '../sql/helper';\nhelper;"],
    ['adapters/sqlite/any.ts', "import type Database from 'libsql';\nexport type X = Database;"],
    [
      'client/any.ts',
      "import type { WorkerOptions } from '@temporalio/worker';\nexport type X = WorkerOptions;",
    ],
    ['client/any.ts', "export const open = async () => import('../worker');"],
    ['activities/any.ts', "import { SIGNALS } from '../workflows/messages';\nSIGNALS;"],
    ['worker/any.ts', "import { Worker } from '@temporalio/worker';\nWorker;"],
    ['metrics/any.ts', "import { mapOfElement } from '../authoring/element-id';\nmapOfElement;"],
  ])('src/%s may: %s', (file, code) => {
    expect(refusals(file, code)).toEqual([]);
  });
});

describe('what reaches a terminal', () => {
  const rules = wholeConfig.find(({ name }) => name === 'selvage/sources')?.rules;
  const refuses = (code: string): boolean => {
    const config = [
      { files: ['**/*.ts'], ...parser, rules: { 'no-restricted-syntax': rules!['no-restricted-syntax']! } },
    ] as Linter.Config[];
    return new Linter({ cwd: root }).verify(code, config, path.join(root, 'src/cli/any.ts')).length > 0;
  };

  test.each([
    "process.stdout.write('x');",
    "process['stderr'].write('x');",
    'const { stdout } = process;',
    "import { stdout } from 'node:process';",
    "console.log('x');",
    "globalThis.console.log('x');",
    "fs.writeSync(fd, 'x');",
    "writeSync(2, 'x');",
    "fs.write(1, 'x', () => {});",
    "writeFileSync(1, 'x');",
    "fs.appendFileSync('/dev/stderr', 'x');",
    "createWriteStream('/dev/tty');",
    'new tty.WriteStream(1);',
  ])('is not written by: %s', (code) => {
    expect(refuses(code)).toBe(true);
  });

  test.each([
    "output.say('x');",
    "writeFileSync(file, 'x');",
    "stream.write('x');",
    "child.stdout.on('data', f);",
  ])('may: %s', (code) => {
    expect(refuses(code)).toBe(false);
  });

  test('is written by one file', async () => {
    const eslint = new ESLint({ cwd: root, overrideConfigFile: true, overrideConfig: wholeConfig });
    const ruleFor = async (file: string): Promise<unknown> =>
      ((await eslint.calculateConfigForFile(file)) as Linter.Config).rules?.['no-restricted-syntax'];
    expect(await ruleFor('src/node/terminal.ts')).toHaveProperty('0', 0);
    for (const folder of ['cli', 'worker', 'server', 'client', 'in-process', 'activities'])
      expect(await ruleFor(`src/${folder}/any.ts`)).toEqual([
        2,
        ...(rules!['no-restricted-syntax'] as unknown[]).slice(1),
      ]);
  });
});

describe('folders that run without Node', () => {
  const sandboxed = Object.entries(boundaries).filter(([, boundary]) => boundary.sandboxed);

  test('are the pure ones and the workflow bundle', () => {
    const names = sandboxed.map(([name]) => name).sort();
    expect(names).toEqual([
      'authoring',
      'connection/explain',
      'emitters',
      'errors',
      'metrics',
      'partitions',
      'plan',
      'scheduler',
      'streams',
      'tables',
      'triggers',
      'values',
      'visualisation',
      'workflows',
      'workflows/temporal',
    ]);
  });

  test.each([
    ["Buffer.from('x');", 'no-restricted-globals'],
    ['process.exit();', 'no-restricted-globals'],
    ['setTimeout(() => {}, 1);', 'no-restricted-globals'],
    ['Date.now();', 'no-restricted-properties'],
    ['new Date();', 'no-restricted-syntax'],
    ['Math.random();', 'no-restricted-properties'],
    ["void import('./late');", 'no-restricted-syntax'],
    ['let count = 0; count += 1;', 'no-restricted-syntax'],
  ])('must not: %s', (code, rule) => {
    for (const [name] of sandboxed) expect(refusals(`${name}/any.ts`, code)).toEqual([rule]);
  });

  test('may use a date that it was given', () => {
    expect(refusals('plan/any.ts', "new Date('2020-01-01T00:00:00Z');")).toEqual([]);
  });
});
