import { spawnSync } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.resolve(__dirname, '../../scripts/services/python.js');
const UNAVAILABLE = 4;
/** Longer than the limits that the program sets itself: an installation fetches 100 MB. */
const LIMIT_MS = 3_600_000;

let found: { readonly interpreter: string } | { readonly missing: string } | undefined;

function find(): NonNullable<typeof found> {
  if (found) return found;
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status === 0) return (found = { interpreter: stdout.trim() });
  if (status === UNAVAILABLE) return (found = { missing: stderr.trim() });
  throw new Error(`The search for Python with its clusters failed (${status}): ${stderr}`);
}

/** `describe` where Python with Dask, Ray and Celery can be had, else skipped with the reason; on CI it must be there. */
export function describeWithClusters(): typeof describe | typeof describe.skip {
  const python = find();
  if ('interpreter' in python) return describe;
  if (process.env['CI'] === 'true') throw new Error(python.missing);
  const file = path.relative(process.cwd(), expect.getState().testPath ?? '');
  process.stderr.write(`SKIPPED: tests of ${file}: ${python.missing}\n`);
  return describe.skip;
}

/** The interpreter that has the clusters. */
export function clusterPython(): string {
  const python = find();
  if ('missing' in python) throw new Error(python.missing);
  return python.interpreter;
}

/** The folders in which processes of Python that tests start find `selvage`, and the bodies. */
export const PYTHON_SOURCES = path.resolve(__dirname, '../../python/src');
export const PYTHON_BODIES = path.resolve(__dirname, '../dispatchers/bodies');
