import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { hostedKnot, program, runLocally, tapestry } from '../../../src';
import { interpreterOf } from '../../../src/body-hosts/processes/python';
import { encodeAttached } from '../../../src/values';
import { missing } from '../../support/missing-tool';

const python = interpreterOf({}, process.env, [process.cwd()]);
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

test('the virtual environment of a pipeline is looked for from its folder up to that of its project', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-venv-'));
  try {
    const make = async (...parts: string[]): Promise<string> => {
      const bin = path.join(folder, ...parts, '.venv/bin');
      await mkdir(bin, { recursive: true });
      await writeFile(path.join(bin, 'python'), '');
      return path.join(bin, 'python');
    };
    await make();
    const flows = path.join(folder, 'project/src/flows');
    await mkdir(flows, { recursive: true });
    await writeFile(path.join(folder, 'project/package.json'), '{}');
    const found = (environment: Record<string, string> = {}): string =>
      interpreterOf({}, environment, [flows]);
    // That above the project is not its own.
    expect(found()).toBe('python3');
    const ofProject = await make('project');
    expect(found()).toBe(ofProject);
    expect(interpreterOf({}, {}, [tmpdir(), flows])).toBe(ofProject);
    expect(await make('project', 'src')).toBe(found());
    expect(found({ VIRTUAL_ENV: '/active' })).toBe('/active/bin/python');
    expect(interpreterOf({ interpreter: 'py' }, { SELVAGE_PYTHON: 'other' }, [flows])).toBe('py');
  } finally {
    await rm(folder, { recursive: true });
  }
});
