import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadFile } from '../../../src/cli/files/load-file';
import { folderForEach } from '../../conformance/temporary-folder';
import { rejectionOf } from '../../support/rejection-of';

const folder = folderForEach();
const TRIGGERS = JSON.stringify(path.resolve(__dirname, '../../../src/triggers'));
const HEAD = `
const { knot, tapestry } = require('selvage');
const { declareTrigger } = require(${TRIGGERS});
const double = knot('double', ({ x }) => x * 2);
const of = (name) => tapestry(name, () => ({ y: double({ x: 1 }, { id: 'd' }) }));
const trigger = (id, tapestry, kind = 'kafka') => declareTrigger({ kind, id, tapestry, options: {} });
`;

function fileWith(text: string): string {
  const file = path.join(folder(), 'pipeline.js');
  writeFileSync(file, `${HEAD}${text}`);
  return file;
}

test('a file exports triggers beside tapestries, and the tapestries that its triggers start count as its own', async () => {
  const file = fileWith(`
    exports.shown = of('shown');
    exports.ofShown = trigger('a', exports.shown);
    exports.ofHidden = trigger('b', of('hidden'));
    exports.again = exports.ofHidden;
    exports.other = 1;
  `);
  const { tapestries, triggers } = await loadFile(file);
  expect(tapestries.map(({ name }) => name)).toEqual(['shown', 'hidden']);
  expect(triggers.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('what a file exports may be in lists', async () => {
  const file = fileWith(`
    exports.triggers = [trigger('a', of('first')), trigger('b', of('second'))];
    exports.tapestries = [of('third')];
  `);
  const { tapestries, triggers } = await loadFile(file);
  expect(tapestries.map(({ name }) => name)).toEqual(['third', 'first', 'second']);
  expect(triggers.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a trigger alone may be the default export', async () => {
  const { tapestries, triggers } = await loadFile(fileWith(`module.exports = trigger('a', of('only'));`));
  expect(tapestries.map(({ name }) => name)).toEqual(['only']);
  expect(triggers.map(({ id }) => id)).toEqual(['a']);
});

test('two triggers of one kind and id are refused, and named', async () => {
  const file = fileWith(`exports.a = trigger('a', of('first')); exports.b = trigger('a', of('second'));`);
  expect(await rejectionOf(loadFile(file))).toMatchObject({
    code: 'DuplicateTrigger',
    message: expect.stringContaining('two triggers kafka:a') as unknown,
    details: { trigger: 'kafka:a' },
  });
});

test('kinds have ids of their own', async () => {
  const file = fileWith(
    `exports.a = trigger('a', of('first')); exports.b = trigger('a', exports.a.tapestry, 'valkey');`,
  );
  expect((await loadFile(file)).triggers).toHaveLength(2);
});

test('a file without what a command needs is refused: a tapestry, or a trigger', async () => {
  const signals = fileWith(`exports.approve = trigger('a', undefined, 'webhook-signal');`);
  expect((await loadFile(signals, { needs: 'trigger' })).tapestries).toEqual([]);
  expect(await rejectionOf(loadFile(signals))).toMatchObject({ code: 'FileWithoutTapestry' });
});

test('a file without a trigger has nothing to serve', async () => {
  const file = fileWith(`exports.shown = of('shown');`);
  expect(await rejectionOf(loadFile(file, { needs: 'trigger' }))).toMatchObject({
    code: 'FileWithoutTrigger',
    message: expect.stringMatching(/exports nothing that starts runs.*kafkaTrigger/) as unknown,
  });
});
