import { runCommandLine } from '../../../src/cli/command-line';
import { recordedOutput } from '../../unit/cli/output-streams';
import { expectFace, expectNames } from '../faces/face-files';
import { verbs } from '../faces/verbs';

const { isTTY } = process.stdout;

// Else the terminal of whoever runs the tests says how wide a help text is.
beforeAll(() => (process.stdout.isTTY = false));
afterAll(() => (process.stdout.isTTY = isTTY));

test('each --help is as recorded, and there is no other', async () => {
  const names = ['selvage', ...(await verbs({ groups: true })).keys()];
  for (const name of names) {
    const { output, stdout, stderr } = recordedOutput();
    const words = name === 'selvage' ? [] : name.split(' ');
    const code = await runCommandLine([...words, '--help'], output);
    expect({ name, code, stderr: stderr.text }).toEqual({ name, code: 0, stderr: '' });
    expectFace('help', name, stdout.text);
  }
  expectNames('help', names);
});
