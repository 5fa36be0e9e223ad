import * as assert from 'node:assert/strict';
import { encodeJson, StoredBytes } from '../../values';
import type { Frame } from '../../body-hosts';
import type { Conversation } from './conversation';
import { onSharedHost, type BodyHostTests } from './subject';

const MOST_BYTES = 1024 * 1024;

const stored = (size: number): StoredBytes =>
  new StoredBytes({ hash: `bytes-sha256:${'cd'.repeat(32)}`, size, mediaType: 'application/test' });

async function next(host: Conversation, stream: number): Promise<Frame> {
  return await host.take(`a frame of stream ${stream}`, (header) => header['stream'] === stream);
}

async function begun(
  host: Conversation,
  type: 'store' | 'open',
  id: number,
): Promise<{ stream: number } & Frame> {
  const frame = await host.take(
    `${type} of call ${id}`,
    (header) => header['type'] === type && header['id'] === id,
  );
  return { ...frame, stream: frame.header['stream'] as number };
}

/** Takes a stream to its end, a chunk at a time, and returns its bytes. */
async function takeAll(host: Conversation, stream: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { header, attachments } = await next(host, stream);
    if (header['type'] === 'end') return Buffer.concat(chunks);
    assert.equal(header['type'], 'chunk', JSON.stringify(header));
    assert.equal(attachments.length, 1);
    assert.ok(attachments[0]!.byteLength <= MOST_BYTES, `a chunk of ${attachments[0]!.byteLength} bytes`);
    chunks.push(attachments[0]!);
    host.say({ type: 'more', stream });
  }
}

function parts(count: number, size: number): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, part) => new Uint8Array(size).fill(part)));
}

export const STREAM_TESTS: BodyHostTests = onSharedHost({
  async 'stores bytes in chunks of at most 1 MiB'(host) {
    for (const [count, size] of [
      [3, 700_000],
      [1, 3 * MOST_BYTES + 1],
      [1, 1],
      [0, 0],
    ] as const) {
      const id = host.call('suite:store', { parts: count, size, mediaType: 'application/test' });
      const { header, stream } = await begun(host, 'store', id);
      assert.equal(header['mediaType'], 'application/test');
      assert.ok(Buffer.from(await takeAll(host, stream)).equals(parts(count, size)));
      const reference = stored(count * size);
      host.say({ type: 'stored', stream, value: encodeJson(reference) });
      assert.deepEqual(await host.value(id), reference);
    }
  },

  async 'sends a chunk only when the one before was taken'(host) {
    const id = host.call('suite:store', { parts: 3, size: MOST_BYTES });
    const { stream } = await begun(host, 'store', id);
    for (let chunk = 0; chunk < 3; chunk++) {
      assert.equal((await next(host, stream)).header['type'], 'chunk');
      assert.deepEqual(
        (await host.left()).filter(({ type }) => type === 'chunk'),
        [],
      );
      host.say({ type: 'more', stream });
    }
    assert.equal((await next(host, stream)).header['type'], 'end');
    host.say({ type: 'stored', stream, value: encodeJson(stored(3 * MOST_BYTES)) });
    assert.deepEqual(await host.value(id), stored(3 * MOST_BYTES));
  },

  async 'tells that the source of a stream has failed'(host) {
    const id = host.call('suite:store', { parts: 2, size: MOST_BYTES, fails: true });
    const { stream } = await begun(host, 'store', id);
    let { header } = await next(host, stream);
    // The host may wait for more bytes before it sends the ones it has.
    while (header['type'] === 'chunk') {
      host.say({ type: 'more', stream });
      ({ header } = await next(host, stream));
    }
    assert.equal(header['type'], 'failed', JSON.stringify(header));
    assert.match((header['error'] as { readonly message: string }).message, /the source is gone/);
    assert.match((await host.error(id)).message, /the source is gone/);
  },

  async 'tells a body that its bytes could not be stored'(host) {
    for (const isEarly of [true, false]) {
      const id = host.call('suite:store', { parts: 4, size: MOST_BYTES });
      const { stream } = await begun(host, 'store', id);
      if (isEarly) assert.equal((await next(host, stream)).header['type'], 'chunk');
      else await takeAll(host, stream);
      host.say({
        type: 'failed',
        stream,
        error: { type: 'BackendUnavailable', message: 'the disk is full' },
      });
      const error = await host.error(id);
      assert.equal(error.type, 'BackendUnavailable', JSON.stringify(error));
      assert.match(error.message, /the disk is full/);
      // The source may have sent a chunk before it received the failure.
      for (const { stream: number } of await host.left()) if (number === stream) await next(host, stream);
    }
  },

  async 'opens stored bytes, and asks for one chunk after the other'(host) {
    for (const chunks of [[], [1], [500_000, MOST_BYTES, 0, 3]]) {
      const all = chunks.map((size, index) => new Uint8Array(size).fill(index + 1));
      const reference = stored(chunks.reduce((sum, size) => sum + size, 0));
      const id = host.call('suite:open', { stored: reference });
      const { header, stream } = await begun(host, 'open', id);
      assert.deepEqual(header['value'], encodeJson(reference));
      for (const chunk of all) {
        host.say({ type: 'chunk', stream }, [chunk]);
        assert.equal((await next(host, stream)).header['type'], 'more');
      }
      host.say({ type: 'end', stream });
      assert.ok(Buffer.concat(all).equals((await host.value(id)) as Uint8Array));
    }
  },

  async 'takes the end of a stream right behind its last chunk'(host) {
    const id = host.call('suite:open', { stored: stored(3) });
    const { stream } = await begun(host, 'open', id);
    host.say({ type: 'chunk', stream }, [Uint8Array.of(1, 2, 3)]);
    host.say({ type: 'end', stream });
    assert.deepEqual(await host.value(id), Uint8Array.of(1, 2, 3));
    assert.deepEqual(
      (await host.left()).filter(({ type }) => type !== 'more'),
      [],
    );
    for (const _ of await host.left()) await next(host, stream);
  },

  async 'tells a body that stored bytes could not be read'(host) {
    const id = host.call('suite:open', { stored: stored(10) });
    const { stream } = await begun(host, 'open', id);
    host.say({ type: 'chunk', stream }, [Uint8Array.of(1)]);
    assert.equal((await next(host, stream)).header['type'], 'more');
    host.say({ type: 'failed', stream, error: { type: 'ValueDamaged', message: 'the bytes are others' } });
    const error = await host.error(id);
    assert.equal(error.type, 'ValueDamaged', JSON.stringify(error));
    assert.match(error.message, /the bytes are others/);
  },

  async 'passes over frames of a stream that is over, and of none'(host) {
    const id = host.call('suite:open', { stored: stored(0) });
    const { stream } = await begun(host, 'open', id);
    host.say({ type: 'end', stream });
    assert.deepEqual(await host.value(id), new Uint8Array());
    const error = { type: 'Error', message: 'late' };
    for (const number of [stream, 999_999]) {
      host.say({ type: 'more', stream: number });
      host.say({ type: 'chunk', stream: number }, [Uint8Array.of(1)]);
      host.say({ type: 'end', stream: number });
      host.say({ type: 'failed', stream: number, error });
      host.say({ type: 'stored', stream: number, value: encodeJson(stored(1)) });
    }
    assert.equal(await host.value(host.call('suite:echo', { value: 1 })), 1);
  },
});
