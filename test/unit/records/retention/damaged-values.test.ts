import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInMemoryBackends, openBackends } from '../../../../src/backends';
import { runCommandLine } from '../../../../src/cli/command-line';
import { setAside } from '../../../../src/records/retention';
import { createEncryption } from '../../../../src/encryption';
import { sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { recordedOutput } from '../../cli/output-streams';

const folder = folderForEach();
const value = sampleValue('"a"');

test('a value that was put again since it was found damaged stays', async () => {
  const { dataStore } = createInMemoryBackends();
  await dataStore.put([value]);
  const aside = path.join(folder(), 'aside');
  expect(await setAside(dataStore, value.hash, aside)).toBeUndefined();
  expect(await dataStore.has(value.hash)).toBe(true);
  expect(existsSync(aside)).toBe(false);
});

test('a repair whose values cannot be opened says so, and tells what it has repaired', async () => {
  const projectDir = folder();
  const keys = `a:${randomBytes(32).toString('base64')}`;
  const encryption = createEncryption({ keys, subjectKeys: 'file:keys', projectDir });
  const backends = await openBackends({ projectDir, environment: {}, encryption });
  await backends.dataStore.put([value]);
  await backends.close();
  const { output, stdout, stderr } = recordedOutput();
  const words = ['doctor', '--repair', '--json', '--project-dir', projectDir];
  expect(await runCommandLine(words, output)).toBe(1);
  expect(JSON.parse(stdout.text)).toMatchObject({
    ok: false,
    backends: [{ state: 'sound' }],
    values: [],
    unreadable: { code: 'KeyMissing' },
  });
  expect(stderr.text).toMatch(/^warning Not all values were looked at\. KeyMissing: /m);
});
