import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';

const THROWN = 'throws \0 and \u001b]0;title\u0007';
const TEXTS = ['plain', 'ends', 'nul \0 within', '\u001b[31mred\u001b[0m', THROWN, 'last'];

/** The first body that gets `ends` ends its process. */
const FILE = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { knot, stream, tapestry } from 'selvage';

const say = knot('say', ({ text }: { text: string }) => {
  if (text === 'ends' && !existsSync('ended')) {
    writeFileSync('ended', '');
    process.exit(3);
  }
  if (text.startsWith('throws')) throw new Error(text);
  return text;
});
const saying = tapestry('saying', (t) => ({
  said: say({ text: t.parameter('text', z.string()) }, { id: 'said' }),
}));

export const texts = stream(${JSON.stringify(TEXTS)}, saying, {
  id: 'texts',
  parameter: 'text',
  onResult: ({ values }, _, { runId }) => appendFileSync('results', JSON.stringify([runId, values.said]) + '\\n'),
});
`;

afterAll(removeProjects);

test('a body that ends its process ends one of two; the other goes on from there, with one run for each element, whatever text', async () => {
  const project = makeCommandProject({ 'stream.ts': FILE });
  const args = ['stream', 'stream.ts'];
  const commands = [new Command(project, args), new Command(project, args)];
  const ends = await Promise.all(commands.map(({ finished }) => finished));
  ends.sort((one, other) => one.code! - other.code!);
  expect(ends.map(({ code }) => code)).toEqual([0, 75]);
  expect(ends[1]!.stderr).toMatch(/The body of knot "said" of run \S+ called process\.exit\(3\) at/);
  expect(ends[0]!.stderr).toContain(
    'Stream texts has ended: its source has no more. 5 elements done, 1 dead',
  );

  const results = readFileSync(path.join(project, 'results'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as [runId: string, text: string]);
  const runOf = new Map(results.map(([runId, text]) => [text, runId]));
  expect([...runOf.keys()].sort()).toEqual(TEXTS.filter((text) => text !== THROWN).sort());
  for (const [runId, text] of results) expect(runOf.get(text)).toBe(runId);
  const { stdout: listed } = await runWarm(project, ['runs', 'list', '--trigger', 'stream:texts', '--json']);
  expect((JSON.parse(listed) as { items: unknown[] }).items).toHaveLength(TEXTS.length);

  const { stdout: json } = await runWarm(project, ['streams', 'show', 'texts', '--json']);
  expect(JSON.parse(json)).toMatchObject({
    state: 'ended',
    ok: 5,
    failed: 1,
    partitions: { items: [{ checkpoint: String(TEXTS.length) }], total: 1 },
    deadLetters: { items: [{ element: '5', reason: `knot "said": ${THROWN}` }] },
  });
  const { stdout: shown } = await runWarm(project, ['streams', 'show', 'texts']);
  expect(shown).toMatch(/^texts +ended +saying +5 +1$/m);
  expect(shown).toContain('knot "said": throws \\u0000 and \\u001b]0;title\\u0007');
  expect(shown).not.toMatch(/[\0\u001b\u0007]/);
});
