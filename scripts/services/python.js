'use strict';
/**
 * `node scripts/services/python.js`: the path of an interpreter that has Dask, Ray and Celery, in an environment of its own,
 * which is made if there is none. Exit code 4: it cannot be had here.
 */
const { createHash } = require('node:crypto');
const path = require('node:path');

const { Unavailable, aptInstall, fillFolder, inCache, obtain } = require('./install');
const { run } = require('./processes');

const PACKAGES = [
  'dask[distributed]==2026.8.0',
  'ray==2.60.0',
  'celery[redis]==5.7.0',
  'scikit-learn==1.9.1',
  // What the tests of the Python package need.
  'pytest==9.2.0',
  'hypothesis==6.170.17',
  'ruff==0.17.6',
  'mypy==2.4.1',
  'pydantic==2.14.4',
  'pyarrow==26.0.1',
  'pandas==3.1.1',
  'polars==2.1.0',
  'duckdb==2.0.1',
  'opentelemetry-api==1.45.2',
  // Makes a client from the OpenAPI document.
  'openapi-python-client==0.29.0',
];
const UNAVAILABLE = 4;
const LIMIT_MS = 900_000;

const folder = `python-${createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12)}`;

/** Nobody calls its scripts, which name the folder that they were made in: it is moved to its place when it is whole. */
function makeEnvironment() {
  return fillFolder(folder, (draft) => {
    const python = path.join(draft, 'bin', 'python');
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    const env = { ...process.env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' };
    return (
      run('python3', ['-m', 'venv', draft], { limitMs: LIMIT_MS }) ??
      run(python, ['-m', 'pip', 'install', ...options, ...PACKAGES], { limitMs: LIMIT_MS, env }) ??
      run(python, ['-c', 'import distributed, ray, celery, redis, sklearn'], { limitMs: LIMIT_MS })
    );
  });
}

const find = () => inCache(folder, 'bin', 'python');

const ways = [
  { tried: `pip install ${PACKAGES.join(' ')}`, find, install: makeEnvironment },
  {
    tried: 'apt-get install python3-venv, and then the same',
    find,
    install: () => aptInstall(['python3', 'python3-venv']) ?? makeEnvironment(),
  },
];

async function main() {
  const say = (text) => process.stderr.write(`services: python: ${text}\n`);
  const remedy = `Install Python 3.11 or later with venv, or name one that has ${PACKAGES.join(', ')} in SELVAGE_TEST_PYTHON.`;
  process.stdout.write(`${process.env.SELVAGE_TEST_PYTHON || (await obtain('python', ways, say, remedy))}\n`);
}

main().catch((error) => {
  process.stderr.write(`services: python: ${error.message}\n`);
  process.exitCode = error instanceof Unavailable ? UNAVAILABLE : 1;
});
