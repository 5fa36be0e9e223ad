import { redactSecrets } from '../../../src/mcp/redact';

const shown = (json: Parameters<typeof redactSecrets>[0], byName?: boolean): string =>
  JSON.stringify(redactSecrets(json, byName).json);

test.each([
  'password',
  'dbPassword',
  'client_secret',
  'apiKey',
  'api-key',
  'token',
  'accessToken',
  'Authorization',
  'Cookie',
])('what is called %s is redacted, however deep it lies, and counted', (name) => {
  const { json, count } = redactSecrets({ rows: [[{ [name]: { value: 'open sesame' } }], { name: 'Ada' }] });
  expect(json).toEqual({ rows: [[{ [name]: '[redacted]' }], { name: 'Ada' }] });
  expect(count).toBe(1);
});

test.each([
  'postgres://app:open-sesame@db/x',
  'Authorization: Bearer open-sesame-1234',
  'sk-live-open-sesame',
  '-----BEGIN RSA PRIVATE KEY-----\nopen-sesame\n-----END RSA PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\nopen-sesame, cut off',
])('what has the form of a secret is redacted in any text: %j', (text) => {
  for (const json of [text, [text], { note: `it was ${text}` }])
    for (const byName of [true, false]) expect(shown(json, byName)).not.toContain('sesame');
});

test('what is none stays', () => {
  const json = {
    tokens: null,
    hasPassword: true,
    tokenizer: 'words',
    url: 'https://example.org/a@b',
    passed: 3,
  };
  expect(redactSecrets(json)).toEqual({ json, count: 0 });
});
