/**
 * Records what the golden tests compare with: `npx tsx scripts/record-golden.ts`. Only a meant change of behaviour calls for it
 * (CONTRIBUTING.md says more). Paths of tests after it: only what these record.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const FOLDER = join(ROOT, 'test/golden/recorded');

const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/jest/bin/jest.js'), ...(given.length > 0 ? given : ['test/golden'])],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, SELVAGE_RECORD_GOLDEN: process.env['SELVAGE_RECORD_GOLDEN'] ?? FOLDER },
  },
);
process.exitCode = status ?? 1;
