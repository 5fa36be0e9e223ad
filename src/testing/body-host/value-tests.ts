import * as assert from 'node:assert/strict';
import type { Frame, ToldError } from '../../body-hosts';
import { StoredBytes, encodeJson } from '../../values';
import { anyValues, loadFastCheck, plainValues, textOf, withNull } from './arbitrary-value';
import type { Conversation } from './conversation';
import { onSharedHost, type BodyHostTests } from './subject';

const ATTACHED_FROM = 1024;

function longBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength >= ATTACHED_FROM ? 1 : 0;
  if (typeof value !== 'object' || value === null) return 0;
  const parts: unknown[] =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return parts.reduce<number>((sum, part) => sum + longBytes(part), 0);
}

function assertAttached(value: unknown, { attachments }: Frame): void {
  const beside = attachments.filter(({ byteLength }) => byteLength >= ATTACHED_FROM).length;
  assert.equal(beside, longBytes(value), 'bytes of 1 KiB and more stand beside the header');
}

async function echoed(host: Conversation, value: unknown): Promise<unknown> {
  const answer = await host.answer(host.call('suite:echo', { value }));
  if ('error' in answer) assert.fail(`it answers ${JSON.stringify(answer.error)}`);
  assertAttached(answer.value, answer.frame);
  return answer.value;
}

async function assertEchoed(host: Conversation, value: unknown): Promise<void> {
  assert.equal(textOf(await echoed(host, value)), textOf(value));
}

/** Sends an encoded value as it is; returns the header of the answer. */
async function answered(
  host: Conversation,
  value: unknown,
  attachments: readonly Uint8Array[] = [],
): Promise<Frame['header']> {
  const id = host.newId();
  const context = { runId: 'r', knotId: 'k', attempt: 1, idempotencyKey: 'i' };
  host.say({ type: 'call', id, body: 'suite:echo', inputs: { value }, context }, attachments);
  const { header } = await host.take(`the answer to call ${id}`, (given) => given['id'] === id);
  return header;
}

/** Every run of the suite draws the same values. */
const DRAWN = { seed: 1, numRuns: 200 };

const SAMPLES: Readonly<Record<string, unknown>> = {
  null: null,
  booleans: [true, false],
  numbers: [0, 1, -1.5, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e21, 5e-324, Number.MAX_VALUE],
  'numbers that JSON lacks': [NaN, Infinity, -Infinity, -0],
  'a bigint': [0n, -1n, 2n ** 53n, -(2n ** 200n)],
  text: ['', 'ü😀\u0000\u2028\\"', '</script>&', '\ufeff', 'e\u0301'],
  'a date': [
    new Date(0),
    new Date('0001-01-01'),
    new Date('1969-12-31T23:59:59.999Z'),
    new Date('9999-12-31'),
  ],
  bytes: Uint8Array.of(0, 255, 10),
  'no bytes': new Uint8Array(),
  'a map': new Map<unknown, unknown>([
    ['b', 1],
    ['a', new Map()],
  ]),
  'a set': new Set(['b', 'a']),
  'an empty map and set': [new Map(), new Set()],
  'a reference to stored bytes': [
    new StoredBytes({ hash: `bytes-sha256:${'ab'.repeat(32)}`, size: 0 }),
    new StoredBytes({ hash: `bytes-sha256:${'ab'.repeat(32)}`, size: 2 ** 40, mediaType: 'text/csv' }),
  ],
  'an object with a key $type': { $type: 'bigint', value: '1' },
  'objects that look like tags, beside bytes': [
    { $type: 'attachment', value: 0 },
    { $type: 'bytes', value: 'AAAA'.repeat(500) },
    { $type: 'undefined' },
    new Uint8Array(2_000),
  ],
  'objects with odd keys': { '': 1, ' ': 2, 'a.b': 3, constructor: 4, ü: 5, '10': 6, '9': 7 },
  'empty ones': [{}, [], [{}], { a: {} }],
};

export const VALUE_TESTS: BodyHostTests = onSharedHost({
  async 'answers each kind of value as it came'(host) {
    for (const [what, value] of Object.entries(SAMPLES)) {
      await assertEchoed(host, value).catch((error: unknown) => {
        throw new Error(`${what} does not come back: ${(error as Error).message}`, { cause: error });
      });
    }
  },

  async 'answers whatever value that every language can say as it came'(host) {
    const fc = loadFastCheck();
    await fc.assert(
      fc.asyncProperty(plainValues(fc), async (value) => await assertEchoed(host, value)),
      DRAWN,
    );
  },

  async 'answers any value as it came, or says that it cannot'(host) {
    const fc = loadFastCheck();
    await fc.assert(
      fc.asyncProperty(anyValues(fc), async (value) => {
        const answer = await host.answer(host.call('suite:echo', { value }));
        if ('error' in answer) {
          assert.equal(answer.error.type, 'NotDecodable', JSON.stringify(answer.error));
          return;
        }
        assertAttached(answer.value, answer.frame);
        const text = textOf(answer.value);
        // A language may have one word for null and undefined.
        if (text !== textOf(value)) assert.equal(text, textOf(withNull(value)));
      }),
      DRAWN,
    );
  },

  async 'takes and gives bytes beside the header, however many and large'(host) {
    const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index % 251);
    const many = Array.from({ length: 2_000 }, (_, index) => bytes(ATTACHED_FROM + (index % 3)));
    for (const value of [
      bytes(1_023),
      bytes(1_024),
      bytes(8 * 1024 * 1024 + 1),
      many,
      { many, more: bytes(300_000) },
    ])
      assert.deepEqual(await echoed(host, value), value);
  },

  async 'takes an attachment without bytes'(host) {
    const value = [0, 1, 2].map((index) => ({ $type: 'attachment', value: index }));
    const parts = [new Uint8Array(), Uint8Array.of(1), new Uint8Array()];
    const { value: json } = await answered(host, value, parts);
    assert.deepEqual(json, encodeJson(parts));
  },

  async 'answers a value that is nested in 900 levels'(host) {
    let value: unknown = 'innermost';
    for (let level = 0; level < 900; level++) value = level % 2 === 0 ? [value] : { a: value };
    await assertEchoed(host, value);
  },

  async 'answers a value of megabytes of JSON'(host) {
    const value = Array.from({ length: 50_000 }, (_, index) => ({
      index,
      text: `line ${index} ü`.repeat(3),
    }));
    await assertEchoed(host, value);
  },

  async 'refuses what it cannot read, or passes it on as it is'(host) {
    for (const json of [
      { $type: 'class:Nowhere', value: { a: 1 } },
      { $type: 'nonsense', value: 1 },
      { $type: 'date', value: 'yesterday' },
      { $type: 'bigint', value: '1.5' },
    ]) {
      const value = [{ there: json }];
      const header = await answered(host, value);
      if (header['type'] === 'value') assert.deepEqual(header['value'], value);
      else assert.equal((header['error'] as ToldError).type, 'NotDecodable', JSON.stringify(header));
    }
    for (const index of [-1, 2, 0.5]) {
      const bytes = [new Uint8Array(2_000), new Uint8Array(2_000)];
      const header = await answered(host, [{ $type: 'attachment', value: index }], bytes);
      assert.equal((header['error'] as ToldError | undefined)?.type, 'NotDecodable', JSON.stringify(header));
    }
  },
});
