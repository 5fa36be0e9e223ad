import type { KnotContext } from '../../../src';
import type { Frame, Link } from '../../../src/body-hosts/protocol/link';
import { HostSession } from '../../../src/body-hosts/protocol/host-session';
import { readHostMessage } from '../../../src/body-hosts/protocol/messages';
import { tellThrown } from '../../../src/body-hosts/protocol/told-errors';
import { Retryable, SelvageError } from '../../../src/errors';
import { StoredBytes } from '../../../src/values';
import { Latch } from '../../support/latch';
import { rejectionOf } from '../../support/rejection-of';

const HASH = `bytes-sha256:${'ab'.repeat(32)}`;

/** A host whose words are given by the test. */
class SpokenLink implements Link {
  readonly mostHeaderBytes = 1024 * 1024;
  hear!: (frame: Frame) => void;
  readonly said: Record<string, unknown>[] = [];
  isClosed = false;
  readonly #told = new Map<string, () => void>();

  send(header: string): void {
    const said = JSON.parse(header) as Record<string, unknown>;
    this.said.push(said);
    this.#told.get(String(said['type']))?.();
  }

  /** Resolves when the worker next says something of this type. */
  async told(type: string): Promise<void> {
    await new Promise<void>((resolve) => this.#told.set(type, resolve));
  }

  say(header: Record<string, unknown>, ...attachments: Uint8Array[]): void {
    this.hear({ header, attachments });
  }

  onFrame(listener: (frame: Frame) => void): void {
    this.hear = listener;
  }

  onEnd(): void {}

  close(): void {
    this.isClosed = true;
  }
}

function calling(store: KnotContext['store'], inputs = {}): { link: SpokenLink; result: Promise<unknown> } {
  const link = new SpokenLink();
  const session = new HostSession(link, () => 'The host');
  link.say({ type: 'ready', protocol: 1, language: 'test' });
  const { signal } = new AbortController();
  const context = { runId: 'r', knotId: 'k', attempt: 1, idempotencyKey: 'i', signal, store };
  const result = session.call('body', { inputs, context: context as unknown as KnotContext }, 0);
  result.catch(() => undefined);
  return { link, result };
}

test('the end of a stream right behind a chunk that is not taken yet loses nothing', async () => {
  const permission = new Latch();
  const sizes: number[] = [];
  const { link } = calling(async (source) => {
    await permission.passed;
    for await (const chunk of source as AsyncIterable<Uint8Array>) sizes.push(chunk.byteLength);
    return new StoredBytes({ hash: HASH, size: 3 });
  });
  link.say({ type: 'store', id: 1, stream: 1 });
  link.say({ type: 'chunk', stream: 1 }, Uint8Array.of(1, 2, 3));
  link.say({ type: 'end', stream: 1 });
  const stored = link.told('stored');
  permission.open();
  await stored;
  expect(sizes).toEqual([3]);
});

test('a chunk that nobody has asked for costs the host its connection', async () => {
  const { link, result } = calling(() => new Promise(() => {}));
  link.say({ type: 'store', id: 1, stream: 1 });
  link.say({ type: 'chunk', stream: 1 }, Uint8Array.of(1));
  link.say({ type: 'chunk', stream: 1 }, Uint8Array.of(2));
  await expect(result).rejects.toThrow(
    /has broken the body protocol: a chunk of stream 1 comes that nobody has asked for/,
  );
  expect(link.isClosed).toBe(true);
});

test('a stream ends with the answer to its call', async () => {
  const ended: unknown[] = [];
  const failed = new Latch();
  const { link, result } = calling(async (source) => {
    try {
      for await (const _ of source as AsyncIterable<Uint8Array>);
    } catch (error) {
      ended.push((error as Error).message);
      failed.open();
    }
    throw new Error('nothing was stored');
  });
  link.say({ type: 'store', id: 1, stream: 1 });
  link.say({ type: 'value', id: 1, value: 5 });
  expect(await result).toBe(5);
  await failed.passed;
  expect(ended).toEqual(['The call of the body has ended.']);
  expect(link.said.map(({ type }) => type)).toEqual(['hello', 'call']);
});

test('inputs that are too large for a header are refused before they are sent, by knot and input', async () => {
  const { link, result } = calling(() => new Promise(() => {}), { small: 'a', large: 'b'.repeat(600_000) });
  await expect(result).rejects.toMatchObject({
    code: 'NotEncodable',
    message: expect.stringMatching(/inputs of knot "k" cannot .*"large" takes 600002 bytes/),
    details: { knot: 'k', input: 'large' },
  });
  expect(link.said.map(({ type }) => type)).toEqual(['hello']);
});

test('bytes do not count, however large', () => {
  const { link } = calling(() => new Promise(() => {}), { large: new Uint8Array(2_000_000) });
  expect(link.said.map(({ type }) => type)).toEqual(['hello', 'call']);
});

test('the error of a body is ours where a stream has failed with it here, and not because its class has the name of a code', async () => {
  const said = { message: 'no luck', traceback: '…' };
  const away = calling(() => Promise.reject(new SelvageError('BackendUnavailable', 'It is away.')));
  away.link.say({ type: 'store', id: 1, stream: 1 });
  await away.link.told('failed');
  away.link.say({ type: 'error', id: 1, error: { type: 'BackendUnavailable', ...said } });
  expect(SelvageError.is(await rejectionOf(away.result), 'BackendUnavailable')).toBe(true);
  // The first is one of the package cryptography, of Python.
  for (const type of ['InvalidKey', 'BackendUnavailable']) {
    const { link, result } = calling(() => new Promise(() => {}));
    link.say({ type: 'error', id: 1, error: { type, ...said } });
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect([(error as Error).name, SelvageError.is(error)]).toEqual([type, false]);
  }
});

test.each([NaN, Infinity, -5])('a Retryable whose time is %d is told as what a worker reads', (after) => {
  const error = tellThrown(new Retryable('when?', { after }));
  const read = readHostMessage(JSON.parse(JSON.stringify({ type: 'error', id: 1, error })));
  expect(read).toMatchObject({ error: { type: 'Retryable', message: 'when?' } });
});
