import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends, identitiesOf, requireSameBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import {
  createEncryption,
  Digests,
  encryptionFromEnvironment,
  sealBackends,
  withSubject,
  type EncryptionOptions,
} from '../../../src/encryption';
import { rejectionOf } from '../../support/rejection-of';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

/** The bytes 00 01 02 … 1f. */
const KNOWN = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');
const key = randomBytes(32).toString('base64');
const another = randomBytes(32).toString('base64');
const SEAL = `seal:${randomBytes(32).toString('base64')}`;

function sealed(plain: Backends, digestKeys?: EncryptionOptions['digestKeys']): Backends {
  const given = digestKeys !== undefined && { digestKeys };
  return sealBackends(plain, createEncryption({ keys: SEAL, subjectKeys: 'memory:', ...given }));
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a digest', () => {
  test('is the HMAC of the plain SHA-256, by the key in front', () => {
    const { current } = Digests.of(`known:${KNOWN},other:${key}`);
    // printf '"yes"' | openssl sha256 -binary | openssl sha256 -mac HMAC -macopt hexkey:000102…1f
    expect(current.of('"yes"')).toBe('7ebbde1adf88ffb5367ad6779e708d18c26e827f73188722b7c16fd95ea28f9a');
    expect(current.of(Buffer.from('"yes"'))).toBe(current.of('"yes"'));
    expect(current.ofSha256(createHash('sha256').update('"yes"').digest('hex'))).toBe(current.of('"yes"'));
    expect(current.tag).toMatch(/^[0-9a-f]{16}$/);
  });

  test('without a key is the plain SHA-256', () => {
    for (const { current } of [
      Digests.none,
      Digests.of(`plain,a:${key}`),
      createEncryption({ keys: SEAL }).digests,
    ]) {
      expect(current.of('"yes"')).toBe(createHash('sha256').update('"yes"').digest('hex'));
      expect(current.tag).toBeUndefined();
    }
  });

  test('is found by its tag, which tells keys apart and not their ids', () => {
    const digests = Digests.of(`a:${key},b:${another}`);
    const [a, b] = digests.all;
    expect(a!.tag).not.toBe(b!.tag);
    expect(digests.byTag(b!.tag).of('x')).toBe(b!.of('x'));
    expect(Digests.of(`c:${key}`).current.tag).toBe(a!.tag);
    expect(digests.byTag(undefined).id).toBe('plain');
    const error = thrownBy(() => Digests.of(`c:${key}`).byTag(b!.tag));
    expect(error).toMatchObject(refusal('KeyMissing', b!.tag!));
  });

  test('has keys as bytes, too', () => {
    const digests = Digests.of([
      { id: 'a', key: Buffer.from(key, 'base64') },
      { id: 'b', key: another },
      'plain',
    ]);
    expect(digests.all.map(({ id }) => id)).toEqual(['a', 'b', 'plain']);
    expect(digests.current.tag).toBe(Digests.of(`x:${key}`).current.tag);
  });
});

describe('digest keys that are none are refused, and never shown:', () => {
  test.each([
    ['', 'none'],
    [key, 'no id'],
    [`a:${key},a:${another}`, 'twice'],
    [`a:${key.slice(0, 20)}`, 'too short'],
    [`a:${key}x!`, 'not base64'],
    [`plain:${key}`, 'the name of no key'],
    [`plain,plain`, 'none twice'],
    [`a:${key},nothing`, 'a word'],
  ])('%#', (digestKeys) => {
    const error = thrownBy(() => createEncryption({ keys: SEAL, digestKeys })) as Error;
    expect(error).toMatchObject({ code: 'InvalidKey' });
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain(key.slice(0, 12));
  });

  test.each([
    [{ SELVAGE_DIGEST_KEYS: `a:${key}` }, /SELVAGE_KEYS/],
    [{ SELVAGE_KEYS: SEAL, SELVAGE_DIGEST_KEYS: `a:${key}`, SELVAGE_DIGEST_KEY_FILE: 'keys' }, /Both/],
    [{ SELVAGE_KEYS: SEAL, SELVAGE_DIGEST_KEY_FILE: '/nowhere/keys' }, /SELVAGE_DIGEST_KEY_FILE/],
    [{ SELVAGE_KEYS: SEAL, SELVAGE_DIGEST_KEYS: `a:${key.slice(0, 12)}` }, /"a" for hashing values/],
  ])('in the environment %#', (environment, message) => {
    const error = thrownBy(() => encryptionFromEnvironment({ environment })) as Error;
    expect(error).toMatchObject({ code: 'InvalidKey', message: expect.stringMatching(message) });
    expect(error.message).not.toContain(key.slice(0, 12));
  });

  test('the environment gives them beside the keys that seal', () => {
    const environment = { SELVAGE_KEYS: SEAL, SELVAGE_DIGEST_KEYS: `a:${key},plain` };
    const { digests } = encryptionFromEnvironment({ environment })!;
    expect(digests.all.map(({ id }) => id)).toEqual(['a', 'plain']);
  });
});

describe('a sealed data store', () => {
  test('hashes streams with the key, and reads what has any hash, with any key or none', async () => {
    const plain = createInMemoryBackends();
    const before = await sealed(plain).dataStore.putStream(pieces('one ', 'stream'));
    const keyed = sealed(plain, `a:${key}`);
    const after = await keyed.dataStore.putStream(pieces('one ', 'stream'));
    const digest = createHash('sha256').update('one stream').digest();
    expect(before.hash).toBe(`bytes-sha256:${digest.toString('hex')}`);
    const hmac = createHmac('sha256', Buffer.from(key, 'base64')).update(digest).digest('hex');
    expect(after).toEqual({ hash: `bytes-sha256:${hmac}`, size: 10 });
    for (const backends of [sealed(plain), keyed, sealed(plain, `b:${another}`)])
      for (const { hash } of [before, after])
        expect(Buffer.from((await backends.dataStore.get(hash))!).toString()).toBe('one stream');
    const subjects = withSubject('someone', () => keyed.dataStore.putStream(pieces('one stream')));
    expect((await subjects).hash).toBe(after.hash);
  });

  test('says the tag of its key to whoever compares backends, and nothing where it has none', async () => {
    const plain = createInMemoryBackends();
    const { tag } = Digests.of(`a:${key}`).current;
    const identities = await identitiesOf(plain);
    expect(await identitiesOf(sealed(plain))).toEqual(identities);
    expect(await identitiesOf(sealed(plain, `a:${key}`))).toEqual({ ...identities, digest: tag });
    const client = await identitiesOf(sealed(plain, `a:${key}`));
    await requireSameBackends(sealed(plain, `b:${another},a:${key}`), client);
    await requireSameBackends(sealed(plain, `a:${key},plain`), identities);
    for (const worker of [plain, sealed(plain), sealed(plain, `b:${another},plain`)])
      expect(await rejectionOf(requireSameBackends(worker, client))).toMatchObject(
        refusal('BackendsDiffer', new RegExp(`there ${tag}.*SELVAGE_DIGEST_KEYS`)),
      );
  });
});

test('runLocally hashes values with the key of its backends; documents and errors keep their plain hashes', async () => {
  const broken = knot('broken', ({ item }: { item: string }): string => {
    throw new Error(`no ${item}`);
  });
  const fruit = knot('fruit', (_: { of: string }) => ['apple', 'pear']);
  const all = tapestry('digests-locally', (t) => {
    const list = fruit({ of: t.parameter('of', z.string()) }, { id: 'fruit' });
    return { all: map({ over: list, each: broken, bind: 'item', onError: 'collect' }, { id: 'all' }) };
  });
  const plain = createInMemoryBackends();
  const runs = [];
  for (const backends of [plain, sealed(plain, `a:${key}`)])
    runs.push(await runLocally(all, { of: 'x' }, { backends, runId: 'same' }));
  const [without, keyed] = runs.map(
    ({ lineage }) => new Map(lineage.map((record) => [record.knot_id, record])),
  );
  const { ofSha256, tag } = Digests.of(`a:${key}`).current;
  for (const id of ['param:of', 'fruit', 'all']) {
    const hash = without!.get(id)!.output_hash!;
    expect(keyed!.get(id)!.output_hash).toBe(`sha256:${ofSha256(hash.slice('sha256:'.length))}`);
  }
  for (const [id, { error_record_id, code_hash }] of without!)
    expect(keyed!.get(id)).toMatchObject({ error_record_id, code_hash });
  expect(runs[1]!.values).toEqual(runs[0]!.values);
  expect((await plain.runHistory.getRun('same'))!.details['digest_key']).toBe(tag);
});
