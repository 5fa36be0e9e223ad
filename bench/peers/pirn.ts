import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Contestant, Entry } from './contestant';
import { installPythonPackages } from './install';
import { contestantOf, Program } from './program';

/** Python 3.11 or newer. */
const PYTHON = process.env['SELVAGE_BENCH_PYTHON'] ?? 'python3';

export const pirnInMemory: Entry = {
  name: 'pirn, in memory',
  isOurs: false,
  isDurable: false,
  enter: () => enter(false),
};

/** Its lineage is written when a run ends, not when a knot does. */
export const pirnOnSqlite: Entry = {
  name: 'pirn, SQLite history',
  isOurs: false,
  isDurable: false,
  enter: () => enter(true),
};

async function enter(isOnSqlite: boolean): Promise<Contestant> {
  const packages = await installPythonPackages(PYTHON);
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-pirn-'));
  const program = Program.start('pirn', {
    command: PYTHON,
    args: [path.join(__dirname, 'pirn_program.py'), ...(isOnSqlite ? [path.join(folder, 'pirn')] : [])],
    cwd: folder,
    env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });
  return await contestantOf(program, () => rm(folder, { recursive: true, force: true }));
}
