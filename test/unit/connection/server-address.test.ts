import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { inspect } from 'node:util';
import { chosenServer } from '../../../src/connection/server-address';
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
  expect(chosenServer({ address: 'here:7233', apiKey: 'my-key' }, environment)).toEqual({
    address: 'here:7233',
    namespace: 'default',
    source: 'option',
    connection: { address: 'here:7233', apiKey: 'my-key' },
  });
  expect(
    chosenServer({ address: 'here:7233', namespace: 'mine' }, { TEMPORAL_NAMESPACE: 'env' })!.namespace,
  ).toBe('mine');
});

test('the environment completes an address', () => {
  const ca = path.join(folder, 'ca.pem');
  writeFileSync(ca, 'the certificate');
  const environment = {
    ...profiles,
    TEMPORAL_ADDRESS: 'env.example:7233',
    TEMPORAL_NAMESPACE: 'env',
    TEMPORAL_API_KEY: 'env-key',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca,
    TEMPORAL_TLS_SERVER_NAME: 'there.example',
    TEMPORAL_GRPC_META_TEAM: 'blue',
  };
  expect(chosenServer({ address: 'here:7233' }, environment)).toMatchObject({
    address: 'here:7233',
    namespace: 'env',
    connection: {
      address: 'here:7233',
      apiKey: 'env-key',
      metadata: { team: 'blue' },
      tls: { serverNameOverride: 'there.example', serverRootCACertificate: Buffer.from('the certificate') },
    },
  });
  const tls = { TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: '', TEMPORAL_NAMESPACE: '' };
  expect(chosenServer({ address: 'here:7233' }, tls)).toEqual({
    address: 'here:7233',
    namespace: 'default',
    source: 'option',
    connection: { address: 'here:7233', tls: {} },
  });
});

test('a profile that is named completes an address; one that is not must not give its key away', () => {
  const staging = {
    address: 'here:7233',
    namespace: 'staging',
    connection: { address: 'here:7233', apiKey: 'staging-key' },
  };
  expect(chosenServer({ address: 'here:7233', profile: 'staging' }, profiles)).toMatchObject(staging);
  expect(chosenServer({ address: 'here:7233' }, { ...profiles, TEMPORAL_PROFILE: 'staging' })).toMatchObject(
    staging,
  );
  expect(chosenServer({ address: 'here:7233' }, profiles)).toEqual({
    address: 'here:7233',
    namespace: 'default',
    source: 'option',
    connection: { address: 'here:7233' },
  });
});

test('a key turns TLS on by itself, and goes as plain text to this machine alone', () => {
  const key = { TEMPORAL_API_KEY: 'env-key' };
  const metadata = { TEMPORAL_GRPC_META_AUTHORIZATION: 'Bearer env-key' };
  const plain = { ...key, TEMPORAL_TLS: 'false' };
  for (const address of ['127.0.0.1:7233', 'localhost', '[::1]:7233']) {
    expect(chosenServer({ address }, plain)!.connection).toMatchObject({ apiKey: 'env-key', tls: false });
    expect(chosenServer({ address }, metadata)!.connection).not.toHaveProperty('tls');
  }
  for (const use of [
    () => chosenServer({ address: 'here:7233' }, plain),
    () => chosenServer({}, { ...plain, TEMPORAL_ADDRESS: 'here:7233', TEMPORAL_CONFIG_FILE: '' }),
    () => chosenServer({ address: 'here:7233', tls: false }, key),
    () => chosenServer({ address: 'here:7233', tls: false, apiKey: 'my-key' }, {}),
    () => chosenServer({ address: 'here:7233' }, metadata),
    () => chosenServer({ address: 'localhost.example:7233', tls: false }, key),
    () => chosenServer({ profile: 'staging', tls: false }, profiles),
  ]) {
    const error = thrownBy(use);
    expect(error).toMatchObject(refusal('InvalidConfig', /API key .* as plain text.*TEMPORAL_TLS=true/));
    expect(error.message).not.toMatch(/(?:env|my|staging)-key/);
  }
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
  ['http://user:secret@my.example/x?y', 'is "http://my.example/x". Did you mean my.example?'],
  ['my.example:7233/namespaces', 'Did you mean my.example:7233?'],
  [' my.example:7233', 'Did you mean my.example:7233?'],
  ['my.example:99999', 'is "my.example:99999".'],
  ['my.example:port', 'is "my.example:…".'],
  ['a\u0007b', '"a\\u0007b"'],
])('the address %j is refused, with the right one if it can be told', (address, said) => {
  for (const use of [
    () => chosenServer({ address }, {}),
    () => chosenServer({}, { TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '' }),
  ])
    expect(thrownBy(use)).toMatchObject(refusal('InvalidAddress', said));
});

test.each([
  'user:SECRET@my.example:7233',
  'SECRET@my.example:7233',
  'http://user:SE@C/RE?T#SECRET@my.example:7233',
  'https://my.example:7233/namespaces?apiKey=SECRET',
  'https://my.example#SECRET',
  'my.example:SECRET',
  'user:SECRET@',
  'grpc://user:SECRET',
])('no secret of the address %j is told', (address) => {
  const error = thrownBy(() => chosenServer({ address }, {}));
  expect(error).toMatchObject({ code: 'InvalidAddress' });
  expect(inspect(error, { depth: Infinity })).not.toMatch(/SECRET|SE@C/);
});

test.each(['api_key = "SECRET', 'api_key = SECRET'])(
  'no key of a profile that cannot be read is told: %j',
  (line) => {
    const file = path.join(folder, 'broken.toml');
    writeFileSync(file, `[profile.x]\naddress = "here:7233"\n${line}\n`);
    const error = thrownBy(() => chosenServer({ profile: 'x' }, { TEMPORAL_CONFIG_FILE: file }));
    expect(error).toMatchObject(refusal('Usage', /Invalid TOML document.* \(line 3\)/));
    expect(inspect(error, { depth: Infinity })).not.toContain('SECRET');
  },
);
