import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { hostedKnot, program, runLocally, tapestry } from '../../../src';
import { interpreterOf } from '../../../src/body-hosts/processes/python';
import { encodeAttached } from '../../../src/values';
import { missing } from '../../support/missing-tool';

const python = interpreterOf({}, process.env, process.cwd());
const root = path.join(__dirname, '../../..');
const folders = [path.join(root, 'test/conformance/body-hosts/python'), path.join(root, 'python/src')];
const lacks = missing('Python 3.11 or later', () => {
  execFileSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { stdio: 'ignore' });
});

(lacks ? test.skip : test)(
  `a program is asked for the bodies of its modules${lacks ? ` (${lacks})` : ''}`,
  async () => {
    const host = program({
      command: ['env', `PYTHONPATH=${folders.join(':')}`, python, '-m', 'selvage', 'host'],
      modules: ['suite'],
      processes: 1,
    });
    const echo = hostedKnot(host, 'suite:echo', {
      input: z.object({ value: z.number() }),
      output: z.number(),
    });
    const one = tapestry('one', () => ({ echo: echo({ value: 5 }, { id: 'echo' }) }));
    expect((await runLocally(one, {})).values).toEqual({ echo: 5 });
  },
);

test('a value of more bytes than a frame has attachments is one frame all the same', () => {
  const one = new Uint8Array(1_024);
  const { text, attachments } = encodeAttached(new Array(16_390).fill(one));
  expect(attachments).toHaveLength(16_384);
  expect(text.split('"$type":"bytes"')).toHaveLength(7);
});
