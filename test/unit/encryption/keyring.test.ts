import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { encryptionFromEnvironment, Keyring } from '../../../src/encryption';
import { thrownBy } from '../../support/thrown-by';
import { folderForEach } from '../../conformance/temporary-folder';
import { refusal } from '../../support/refusal';

const key = randomBytes(32).toString('base64');
const another = randomBytes(32).toString('base64');

test('the first key is the current one; comments and empty lines of a file are none', async () => {
  const keyring = Keyring.parse(`# since May\nmay:${key}\n\n  march:${another}\n`);
  expect(keyring.ids).toEqual(['may', 'march']);
  expect((await keyring.current()).id).toBe('may');
  expect((await keyring.all()).map(({ id }) => id)).toEqual(['may', 'march']);
});

test.each([
  ['', 'no key'],
  [key, 'no id'],
  [`a:${key},a:${another}`, 'twice'],
  [`a:${key.slice(0, 20)}`, 'too short'],
  [`a:${key}x!`, 'not base64'],
  [`${key}:a`, 'id and key the wrong way round'],
  [`a:${Buffer.from(key, 'base64').toString('hex')}`, 'hexadecimal'],
])('what is no list of keys is refused, and never shown: %#', (text) => {
  const error = thrownBy(() => Keyring.parse(text)) as Error;
  expect(error).toMatchObject({ code: 'InvalidKey' });
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain(key.slice(0, 12));
});

describe('keys that somebody else holds', () => {
  test('are asked for once each', async () => {
    const ask = jest.fn(async () => Buffer.from(key, 'base64'));
    const keyring = new Keyring({ ids: ['a', 'b'], key: ask });
    await Promise.all([keyring.all(), keyring.current()]);
    expect(ask.mock.calls).toEqual([['a'], ['b']]);
  });

  test('are asked for again where the holder did not answer, whose words are not passed on', async () => {
    const ask = jest.fn<Promise<string>, []>(async () => key);
    ask.mockRejectedValueOnce(new TypeError('token=hunter2'));
    const keyring = new Keyring({ ids: ['a'], key: ask });
    const error = await keyring.current().then(
      () => undefined,
      (refused: Error) => refused,
    );
    expect(error).toMatchObject(refusal('BackendUnavailable', 'TypeError'));
    expect(`${error!.stack} ${JSON.stringify(error)}`).not.toContain('hunter2');
    expect(error!.cause).toBeUndefined();
    expect((await keyring.current()).id).toBe('a');
  });

  test('that there are none of is KeyMissing', async () => {
    const keyring = new Keyring({ ids: ['a'], key: () => undefined });
    await expect(keyring.current()).rejects.toMatchObject({ code: 'KeyMissing' });
    await expect(keyring.get('other')).rejects.toMatchObject({ code: 'KeyMissing' });
  });
});

describe('the environment', () => {
  const folder = folderForEach();

  test('without keys seals nothing', () => {
    expect(encryptionFromEnvironment({ environment: { SELVAGE_KEYS: '' } })).toBeUndefined();
  });

  test('names a file of keys, or has them', async () => {
    const projectDir = folder();
    await writeFile(path.join(projectDir, 'keys'), `a:${key}\n`);
    const fromFile = encryptionFromEnvironment({ projectDir, environment: { SELVAGE_KEY_FILE: 'keys' } })!;
    expect(fromFile.keyring.ids).toEqual(['a']);
    expect(fromFile.payloads).toBe(true);
    const said = encryptionFromEnvironment({
      environment: {
        SELVAGE_KEYS: `b:${key}`,
        SELVAGE_SEAL_PAYLOADS: 'no',
        SELVAGE_SUBJECT_KEYS: 'memory:',
      },
    })!;
    expect([said.keyring.ids, said.payloads, said.subjects.technology]).toEqual([['b'], false, 'memory']);
  });

  test.each([
    [{ SELVAGE_KEYS: `a:${key}`, SELVAGE_KEY_FILE: 'keys' }, 'InvalidKey'],
    [{ SELVAGE_KEY_FILE: '/nowhere/keys' }, 'InvalidKey'],
    [{ SELVAGE_KEYS: `a:${key}`, SELVAGE_SUBJECT_KEYS: 'postgres://user:hunter2@host/db' }, 'InvalidUrl'],
  ])('that contradicts itself is refused: %#', (environment, code) => {
    const error = thrownBy(() => encryptionFromEnvironment({ environment })) as Error;
    expect(error).toMatchObject({ code });
    expect(error.message).not.toMatch(/hunter2/);
  });
});
