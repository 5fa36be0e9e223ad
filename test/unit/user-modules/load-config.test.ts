import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emittersOf } from '../../../src/cli/files/emitters';
import { emitter } from '../../../src/emitters';
import { loadConfig } from '../../../src/user-modules';
import { folderForEach } from '../../conformance/temporary-folder';
import { refusal } from '../../support/refusal';
import { rejectionOf } from '../../support/rejection-of';

const folder = folderForEach();
const source = path.resolve(__dirname, '../../../src/index');
const IMPORT = `const { emitter, logEmitter } = require(${JSON.stringify(source)});\n`;

function write(name: string, text: string): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(path.join(folder(), name), text);
}

test('a project without one has no emitters', async () => {
  expect(await loadConfig(folder())).toEqual({ emitters: [] });
});

test.each([
  ['selvage.config.js', 'module.exports = { emitters: [logEmitter(), [emitter("own", async () => {})]] };'],
  ['selvage.config.cjs', 'exports.default = { emitters: [logEmitter(), emitter("own", async () => {})] };'],
])('%s is found, with lists within lists', async (name, text) => {
  write(name, IMPORT + text);
  const { emitters } = await loadConfig(folder());
  expect(emitters.map((one) => one.name)).toEqual(['log', 'own']);
});

test('a file and the config: the emitters of both, the file’s first', async () => {
  write('selvage.config.js', `${IMPORT}module.exports = { emitters: [logEmitter()] };`);
  const own = emitter('own', async () => {});
  const all = await emittersOf({ emitters: [own] }, { projectDir: folder() });
  expect(all.map(({ name }) => name)).toEqual(['own', 'log']);
});

test.each([
  ['no object', 'module.exports = 7;', 'must export an object by default, and exports 7'],
  ['another option', 'module.exports = { emiters: [] };', '"emiters", which is no option'],
  ['no list', 'module.exports = { emitters: 7 };', 'must be a list'],
  ['something else in the list', 'module.exports = { emitters: [{}] };', 'must be a list'],
])('%s is refused, by the name of the file', async (_, text, complaint) => {
  write('selvage.config.js', text);
  const error = await rejectionOf(loadConfig(folder()));
  expect(error).toMatchObject(refusal('InvalidConfig', 'selvage.config.js'));
  expect((error as Error).message).toContain(complaint);
});

test.each([
  ['that does not parse', 'module.exports = {'],
  ['that throws', 'throw new Error("no config today");'],
])('a file %s is told', async (_, text) => {
  write('selvage.config.js', text);
  expect(await rejectionOf(loadConfig(folder()))).toMatchObject(refusal('FileNotLoadable', 'selvage.config'));
});
