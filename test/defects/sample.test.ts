import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

/** Those that are planted as jest loads their files; `npm run defects` has the others, too, which take much longer. */
test('the tests find each planted defect whose test needs no server', () => {
  const script = path.join(root, 'scripts', 'planted-defects.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--quick'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${stderr}\n${stdout}`);
}, 1_200_000);
