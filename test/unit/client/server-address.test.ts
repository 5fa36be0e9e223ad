import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { chosenServer } from '../../../src/client/server-address';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const folder = mkdtempSync(path.join(tmpdir(), 'selvage-profiles-'));
const TEMPORAL_CONFIG_FILE = path.join(folder, 'temporal.toml');
writeFileSync(
  TEMPORAL_CONFIG_FILE,
  `[profile.default]
address = "production.example:7233"
namespace = "production"

[profile.staging]
address = "staging.example:7233"
namespace = "staging"
api_key = "staging-key"

[profile.placeless]
namespace = "nowhere"
`,
);
afterAll(() => rmSync(folder, { recursive: true }));

const profiles = { TEMPORAL_CONFIG_FILE };

test('a temporal.toml alone is not enough: its default may be production', () => {
  expect(chosenServer({}, profiles)).toBeUndefined();
  expect(chosenServer({ namespace: 'mine' }, { ...profiles, TEMPORAL_PROFILE: 'staging' })).toBeUndefined();
  expect(chosenServer({}, {})).toBeUndefined();
});

test('TEMPORAL_ADDRESS chooses, with what else the environment says', () => {
  const environment = {
    TEMPORAL_ADDRESS: 'env.example:7233',
    TEMPORAL_NAMESPACE: 'env',
    TEMPORAL_API_KEY: 'env-key',
  };
  expect(chosenServer({}, environment)).toMatchObject({
    address: 'env.example:7233',
    namespace: 'env',
    source: 'TEMPORAL_ADDRESS',
    connection: { address: 'env.example:7233', apiKey: 'env-key' },
  });
  expect(chosenServer({ namespace: 'mine' }, environment)!.namespace).toBe('mine');
  expect(
    chosenServer({}, { TEMPORAL_ADDRESS: 'env.example:7233', TEMPORAL_CONFIG_FILE: '' })!.namespace,
  ).toBe('default');
});

test('a profile goes before TEMPORAL_ADDRESS, namespace and all', () => {
  const environment = { ...profiles, TEMPORAL_ADDRESS: 'env.example:7233', TEMPORAL_NAMESPACE: 'env' };
  expect(chosenServer({ profile: 'staging' }, environment)).toMatchObject({
    address: 'staging.example:7233',
    namespace: 'staging',
    source: 'profile staging',
    connection: { address: 'staging.example:7233', apiKey: 'staging-key' },
  });
});

test('an address goes before all', () => {
  const environment = { ...profiles, TEMPORAL_ADDRESS: 'env.example:7233' };
  expect(chosenServer({ address: 'here:7233', profile: 'staging', apiKey: 'my-key' }, environment)).toEqual({
    address: 'here:7233',
    namespace: 'default',
    source: 'option',
    connection: { address: 'here:7233', apiKey: 'my-key' },
  });
  expect(chosenServer({ address: 'here:7233' }, { TEMPORAL_NAMESPACE: 'env' })!.namespace).toBe('env');
  expect(
    chosenServer({ address: 'here:7233', namespace: 'mine' }, { TEMPORAL_NAMESPACE: 'env' })!.namespace,
  ).toBe('mine');
});

test('options of security go before those of a profile', () => {
  const chosen = chosenServer({ profile: 'staging', apiKey: 'my-key', tls: true }, profiles);
  expect(chosen!.connection).toMatchObject({ apiKey: 'my-key', tls: true });
});

test.each(['unknown', 'placeless'])('the profile "%s" is a clear error', (profile) => {
  const error = thrownBy(() => chosenServer({ profile }, profiles));
  expect(error).toMatchObject(refusal('Usage', `"${profile}"`));
  expect(error.message).toContain('--address');
});

test('a temporal.toml that cannot be read is a clear error', () => {
  const file = path.join(folder, 'broken.toml');
  writeFileSync(file, '[profile');
  expect(thrownBy(() => chosenServer({ profile: 'staging' }, { TEMPORAL_CONFIG_FILE: file }))).toMatchObject(
    refusal('Usage', /"staging" cannot be read.*temporal\.toml/),
  );
});

test.each(['here:7233', 'here', '127.0.0.1:7233', '[::1]:7233', 'my-space.a1b2.tmprl.cloud:7233'])(
  'the address %s is taken as it is',
  (address) => {
    expect(chosenServer({ address }, {})!.connection).toEqual({ address });
  },
);

test.each([
  ['http://127.0.0.1:7233', 'Did you mean 127.0.0.1:7233?'],
  ['https://my.example:7233/', 'Did you mean my.example:7233? TLS is asked for by'],
  ['http://user:secret@my.example/x?y', 'is "http://my.example/x?y". Did you mean my.example?'],
  ['my.example:7233/namespaces', 'Did you mean my.example:7233?'],
  [' my.example:7233', 'Did you mean my.example:7233?'],
  ['my.example:99999', 'is "my.example:99999".'],
  ['my.example:port', 'HOST:PORT'],
  ['a\u0007b', '"a\\u0007b"'],
])('the address %j is refused, with the right one if it can be told', (address, said) => {
  for (const use of [
    () => chosenServer({ address }, {}),
    () => chosenServer({}, { TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '' }),
  ])
    expect(thrownBy(use)).toMatchObject(refusal('InvalidAddress', said));
});
