import { runCommandLine } from '../../../src/cli/command-line';
import { recordedOutput } from '../../unit/cli/output-streams';
import { expectFace, expectNames } from '../faces/face-files';
import { verbs } from '../faces/verbs';

const names = ['selvage', ...verbs({ groups: true }).keys()];
const { isTTY } = process.stdout;

// Else the terminal of whoever runs the tests says how wide a help text is.
beforeAll(() => (process.stdout.isTTY = false));
afterAll(() => (process.stdout.isTTY = isTTY));

test.each(names)('%s --help is as recorded', async (name) => {
  const { output, stdout, stderr } = recordedOutput();
  const words = name === 'selvage' ? [] : name.split(' ');
  const code = await runCommandLine([...words, '--help'], output);
  expect({ code, stderr: stderr.text }).toEqual({ code: 0, stderr: '' });
  expectFace('help', name, stdout.text);
});

test('each help text that is recorded is that of a verb', () => {
  expectNames('help', names);
});
