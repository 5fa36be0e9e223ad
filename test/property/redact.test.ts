import * as fc from 'fast-check';
import { encodeJson, type Json } from '../../src/values';
import { isSecretName, redactJson, redactNamed, redactText, redactTexts } from '../../src/values/redact';
import { runs } from '../support/thorough';

const numRuns = runs(200, 10_000);

/** What must not be shown. It has no sign that ends a value in a text, and no word that means something itself. */
const secret = fc.stringMatching(/^[A-Za-z0-9]{4,8}Zq[0-9][A-Za-z0-9+/_~-]{4,16}[A-Za-z0-9]$/);

const SECRET_WORDS =
  'password passwd passphrase pwd pass secret token auth jwt apiKey api_key authorization cookie private_key privateKey credential accessToken client_secret secretAccessKey'.split(
    ' ',
  );
const BEFORE = ['', 'db_', 'DB_', 'x-', 'user.', 'my-app-'];
const AFTER = ['', '2', '_value', 'Old'];
const secretName = fc
  .tuple(
    fc.constantFrom(...BEFORE),
    fc.constantFrom(...SECRET_WORDS),
    fc.constantFrom(...AFTER),
    fc.boolean(),
  )
  .map(([before, word, after, isUpper]) => {
    const name = `${before}${word}${after}`;
    return isUpper && !/[a-z][A-Z]/.test(name) ? name.toUpperCase() : name;
  });

/** Names of other things, some of which begin or end like those of secrets. */
const HARMLESS =
  'author authored_at authority authors passed passes passenger passport compass bypass trespass tokenizer token_count tokensUsed nextPageToken primary_key key keys keyboard monkey cacheKey partition_key secretary password_changed_at passwordPolicy cookieConsent authentication oauth description oath accredited credit pwdump2 tokenize'
    .split(' ')
    .filter((name) => name !== 'pwdump2');
const harmlessName = fc
  .tuple(fc.constantFrom('', 'the_', 'x-'), fc.constantFrom(...HARMLESS))
  .map((parts) => parts.join(''));
const harmlessText = fc.constantFrom(
  'Ada',
  'all tests passed',
  'north by compass',
  'at check (/app/src/auth.ts:10:5)',
  'SyntaxError: Unexpected token } in JSON at position 7',
  'https://example.org:8080/a@b?page=2',
  'passed: 12, failed: 3',
  'author=Ada',
  'the password is wrong',
  'Invalid password: must be longer',
  'Basic authentication failed',
  'a bearer of news',
  'sha256:0a1b',
  '2026-01-01T10:00:00Z',
  'key: 5',
);

/** The secret under its name, somewhere in a value of every kind. */
const holders: ((name: string, secret: string) => unknown)[] = [
  (name, text) => ({ [name]: text }),
  (name, text) => ({ [name]: { deep: [text] } }),
  (name, text) => ({ [name]: [text, text] }),
  (name, text) => new Map([[name, text]]),
  (name, text) => new Map([[{ a: 1 }, { [name]: text }]]),
  (name, text) => ({ env: [{ name, value: text }] }),
  (name, text) => ({
    headers: [
      [name, text],
      ['accept', 'all'],
    ],
  }),
  (name, text) => ({ properties: { [name]: { type: 'string', default: text } }, type: 'object' }),
  (name, text) => ({ parameters: [{ name, schema: { type: 'string', examples: [text] }, default: text }] }),
  (name, text) => ({ body: JSON.stringify({ [name]: text, more: 1 }) }),
  (name, text) => ({ body: JSON.stringify(JSON.stringify({ [name]: text })) }),
  (name, text) => new TextEncoder().encode(`${name}=${text}\n`),
  (name, text) => ({ $type: 'own', [name]: text }),
];
const around = fc.constantFrom<(inner: unknown) => unknown>(
  (inner) => inner,
  (inner) => [1, [inner], 'two'],
  (inner) => ({ rows: [{ id: 1, inner }] }),
  (inner) => new Map([['inner', inner]]),
  (inner) => new Set([inner]),
);

test('in a value, what is called like a secret is not shown, wherever it lies', () => {
  fc.assert(
    fc.property(secretName, secret, fc.constantFrom(...holders), around, (name, text, holder, wrap) => {
      const given = wrap(holder(name, text));
      const json = given instanceof Uint8Array ? encodeJson([given]) : encodeJson(given);
      const before = JSON.stringify(json);
      const shown = redactJson(json);
      const said = JSON.stringify(shown);
      expect(said).not.toContain(text);
      expect(said).not.toContain(Buffer.from(text).toString('base64').slice(4, -4));
      // The copy alone is changed, and nothing of it once more.
      expect(JSON.stringify(json)).toBe(before);
      expect(redactJson(shown)).toEqual(shown);
    }),
    { numRuns },
  );
});

test('a value that is itself called like a secret is not shown', () => {
  fc.assert(
    fc.property(
      secretName,
      fc.oneof(secret, fc.array(secret), fc.dictionary(fc.string(), secret)),
      (name, json) => {
        expect(redactNamed(`param:${name}`, json)).toBe('[redacted]');
      },
    ),
    { numRuns },
  );
});

/** How messages and logs have secrets in them. */
const forms: ((name: string, secret: string) => string)[] = [
  (name, text) => `${name}=${text}`,
  (name, text) => `${name} = "${text} and more"`,
  (name, text) => `${name}: '${text}'`,
  (name, text) => `{"${name}":"${text}"}`,
  (name, text) => `{ ${name}: [ '${text}' ] }`,
  (name, text) => `--${name} ${text}`.replaceAll('.', '-'),
  (name, text) => `https://example.org/?a=1&${name}=${text}&b=2`,
  (name, text) => `Server=db;${name}=${text};Timeout=5`,
  (_, text) => `Authorization: Basic ${text}`,
  (_, text) => `{"authorization":"Bearer ${text}"}`,
  (_, text) => `sent Bearer ${text} to it`,
  (_, text) => `cookie: sid=${text}; theme=dark`,
  (_, text) => `postgres://app:${text}@db.example.org:5432/x?sslmode=require`,
  (_, text) => `redis://:${text}@cache:6379/0`,
  (_, text) => `https://user:${text}@example.org/path`,
  (_, text) => `-----BEGIN RSA PRIVATE KEY-----\n${text}\n-----END RSA PRIVATE KEY-----`,
  (_, text) => `-----BEGIN PRIVATE KEY-----\n${text}, cut off`,
];

test('in texts of messages and logs, secrets are not shown; what is around them is', () => {
  fc.assert(
    fc.property(secretName, secret, fc.constantFrom(...forms), (name, text, form) => {
      const message = `connect failed: ${form(name, text)}\n    at connect (/app/src/auth.ts:10:5)`;
      const shown = redactText(message);
      expect(shown).not.toContain(text);
      expect(shown).toMatch(/^connect failed: /);
      expect(shown.endsWith('(/app/src/auth.ts:10:5)') || form(name, text).includes('cut off')).toBe(true);
      expect(redactText(shown)).toBe(shown);
      expect(redactTexts({ error: { message } })).toEqual({ error: { message: shown } });
    }),
    { numRuns },
  );
});

test('what is no secret stays, and a value without one is the same object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        harmlessName,
        fc.oneof(harmlessText, fc.integer(), fc.boolean(), fc.constant(null)) as fc.Arbitrary<Json>,
      ),
      harmlessText,
      (members, text) => {
        const json = {
          ...members,
          list: [members, text],
          tokens: 1_500,
          usage: { tokens: { in: 3, out: 4 } },
          hasPassword: true,
        };
        expect(redactJson(json)).toEqual(json);
        expect(redactTexts(json)).toBe(json);
      },
    ),
    { numRuns },
  );
  for (const name of HARMLESS) expect([name, isSecretName(name)]).toEqual([name, false]);
});

test('any JSON comes through, and twice is as once', () => {
  fc.assert(
    fc.property(
      fc.json().map((text) => JSON.parse(text) as Json),
      (json) => {
        const shown = redactJson(json);
        expect(redactJson(shown)).toEqual(shown);
      },
    ),
    { numRuns },
  );
});

test('a text may have the length of a hash, or begin as one', () => {
  const key = 'AIzaSyD0123456789abcdefghijklmnopqrstu';
  for (const begin of ['', 'sha256:', 'bytes-sha256:'])
    for (let length = 40; length < 90; length++)
      for (const end of [' Bearer abcdef0123456789abcdef', `(${key}`]) {
        const text = begin.padEnd(length - end.length, 'a') + end;
        expect([text, redactText(text)]).toEqual([text, expect.stringContaining('[redacted]')]);
      }
});
