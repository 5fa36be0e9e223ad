import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { clusterPython, describeWithClusters } from '../support/python-environment';

const folder = path.resolve(__dirname, '../../python');

/* The Python package has tests, a linter and types of its own. */
describeWithClusters()('the Python package', () => {
  test.each([
    ['its own tests pass', ['pytest', '-p', 'no:cacheprovider']],
    ['it is clean by ruff', ['ruff', 'check', '--no-cache', '.']],
    ['it is formatted', ['ruff', 'format', '--no-cache', '--check', '.']],
    ['its types are whole', ['mypy', '--cache-dir', process.platform === 'win32' ? 'nul' : '/dev/null']],
  ])('%s', (_, args) => {
    const { status, stdout, stderr } = spawnSync(clusterPython(), ['-m', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect({ status, said: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  });
});
