import * as assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { withGate } from './call-tests';
import type { Conversation } from './conversation';
import type { BodyHostTests } from './subject';

function socketOf({ host }: Conversation): Duplex {
  if (!host.socket) throw new Error('This host has no socket. Skip the test with a reason.');
  return host.socket;
}

function frame(header: string | Buffer, ...attachments: Uint8Array[]): Buffer {
  const bytes = Buffer.from(header);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes, ...attachments]);
}

function notUtf8(): Buffer {
  const bytes = frame('{"type":"ping","id":1,"later":"?"}');
  bytes[bytes.indexOf('?')] = 0xff;
  return bytes;
}

/** Examples of malformed frames, by their defect. */
const MALFORMED: Readonly<Record<string, Buffer>> = {
  'a header without bytes': Buffer.alloc(4),
  'a header of over 64 MiB': Buffer.from([4, 0, 0, 1]),
  'the longest header that can be written': Buffer.from([255, 255, 255, 255]),
  'a header that is not JSON': frame('{"type":"ping","id":'),
  'a header that is not UTF-8': notUtf8(),
  'a header in UTF-16': frame(Buffer.from('{"type":"ping","id":1}', 'utf16le')),
  'a header that is a list': frame('[{"type":"ping","id":1}]'),
  'a header that is null': frame('null'),
  'attachments that are no list': frame('{"type":"ping","id":1,"attachments":1}'),
  'an attachment of negative length': frame('{"type":"ping","id":1,"attachments":[-1]}'),
  'an attachment of half a byte': frame('{"type":"ping","id":1,"attachments":[0.5]}'),
  'attachments of over 2 GiB together': frame('{"type":"ping","id":1,"attachments":[1073741824,1073741825]}'),
  'more attachments than 16,384': frame(
    JSON.stringify({ type: 'ping', id: 1, attachments: new Array<number>(16_385).fill(0) }),
  ),
};

async function write(socket: Duplex, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
}

export const END_TESTS: BodyHostTests = {
  async 'puts frames together from whatever pieces they come in'({ adapter }) {
    const host = await adapter.greeted();
    const socket = socketOf(host);
    const sent = frame(
      JSON.stringify({
        type: 'call',
        id: 1_001,
        body: 'suite:echo',
        inputs: { value: { text: 'ü😀', bytes: { $type: 'attachment', value: 0 } } },
        context: { runId: 'r', knotId: 'k', attempt: 1, idempotencyKey: 'i' },
        attachments: [3],
      }),
      Buffer.from([1, 2, 3]),
    );
    for (const byte of sent) await write(socket, Uint8Array.of(byte));
    assert.deepEqual(await host.value(1_001), { text: 'ü😀', bytes: Uint8Array.of(1, 2, 3) });
    const ping = (id: number): Buffer => frame(JSON.stringify({ type: 'ping', id }));
    await write(socket, Buffer.concat([ping(1_002), ping(1_003), ping(1_004)]));
    for (const id of [1_002, 1_003, 1_004])
      await host.take(`pong ${id}`, (header) => header['type'] === 'pong' && header['id'] === id);
    await host.isQuiet();
  },

  async 'ends the connection where a frame is of a type that it does not know'({ adapter }) {
    const host = await adapter.greeted();
    host.say({ type: 'nonsense', id: 1 });
    await host.gone();
  },

  async 'ends the connection at what is no frame'({ adapter }) {
    for (const [what, bytes] of Object.entries(MALFORMED)) {
      const host = await adapter.greeted();
      await write(socketOf(host), bytes);
      const isThere = host.ping().then(
        () => true,
        () => false,
      );
      assert.ok(!(await isThere), `it goes on after ${what}`);
      await host.gone();
    }
  },

  async 'ends with its socket, whatever its bodies do'({ adapter }) {
    await withGate(async (file) => {
      const host = await adapter.greeted();
      await host.log(host.call('suite:block', { path: file }));
      socketOf(host).destroy();
      await host.gone();
    });
  },

  async 'ends where the connection ends in the middle of a frame'({ adapter }) {
    const host = await adapter.greeted();
    socketOf(host).end(frame('{"type":"ping","id":1}').subarray(0, 9));
    await host.gone();
  },

  async 'ends where its worker has gone before it has said anything'({ adapter }) {
    const host = adapter.start();
    socketOf(host).destroy();
    await host.gone();
  },

  async 'ends when it is needed no longer'({ adapter }) {
    const host = await adapter.greeted();
    assert.equal(await host.value(host.call('suite:echo', { value: 1 })), 1);
    host.say({ type: 'goodbye' });
    await host.gone();
  },

  async 'finishes the calls that it has got when it is needed no longer'({ adapter }) {
    const host = await adapter.greeted();
    const waiting = host.call('suite:wait');
    await host.log(waiting);
    const behind = host.call('suite:echo', { value: 'behind' });
    host.say({ type: 'goodbye' });
    host.say({ type: 'cancel', id: waiting, reason: 'shutdown' });
    assert.equal(await host.value(waiting), 'ended');
    assert.equal(await host.value(behind), 'behind');
    await host.gone();
  },

  async 'is lost with a body that ends it'({ adapter }) {
    const host = await adapter.greeted();
    host.call('suite:exit');
    await host.gone();
  },
};
