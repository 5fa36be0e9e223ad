import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { interpreterOf } from '../../../src/body-hosts/processes/python';
import { describeBodyHost } from '../../../src/testing';
import { missing } from '../../support/missing-tool';

const python = interpreterOf({}, process.env, [process.cwd()]);
const lacks = missing('Python 3.11 or later', () => {
  execFileSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { stdio: 'ignore' });
});

if (lacks) test.skip(`the Python body host (skipped: ${lacks})`, () => {});
else
  describeBodyHost('Python', {
    command: [python, '-m', 'selvage', 'host'],
    env: {
      PYTHONPATH: [path.join(__dirname, 'python'), path.join(__dirname, '../../../python/src')].join(
        path.delimiter,
      ),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    modules: ['suite'],
    brokenModule: 'broken',
  });
