import * as assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeJson } from '../../values';
import { onSharedHost, type BodyHostTests } from './subject';

/** The path of a future file, for a body to wait for. */
export async function withGate(
  work: (file: string, open: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-body-host-'));
  const file = path.join(folder, 'open');
  try {
    await work(file, () => writeFile(file, ''));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SHARED = onSharedHost({
  async 'gives a body its context'(host) {
    const context = { runId: 'run-ü', knotId: 'users["a b"]', attempt: 3, idempotencyKey: 'run-ü/1/"k"' };
    assert.deepEqual(await host.value(host.call('suite:context', {}, context)), context);
  },

  async 'tells what a body throws, with its type, where, and its cause'(host) {
    const { type, message, traceback, cause, isTerminal, retryAfter } = await host.error(
      host.call('suite:fail', { message: 'no\nway "out" 😀' }),
    );
    assert.deepEqual([type, message], ['SuiteFailure', 'no\nway "out" 😀']);
    assert.ok(traceback === undefined || traceback.startsWith('SuiteFailure'), traceback);
    assert.deepEqual([cause?.type, cause?.message], ['SuiteCause', 'because']);
    assert.deepEqual([isTerminal ?? false, retryAfter], [false, undefined]);
  },

  async 'tells that no retry can help'(host) {
    const error = await host.error(host.call('suite:terminal', { message: 'never' }));
    assert.deepEqual([error.message, error.isTerminal], ['never', true]);
  },

  async 'tells after what time a retry can help'(host) {
    const error = await host.error(host.call('suite:retry-after', { message: 'later', milliseconds: 1500 }));
    assert.deepEqual([error.message, error.retryAfter, error.isTerminal ?? false], ['later', 1500, false]);
  },

  async 'says that a result is no value'(host) {
    const error = await host.error(host.call('suite:no-value'));
    assert.equal(error.type, 'NotEncodable', JSON.stringify(error));
    assert.notEqual(error.message, '');
  },

  async 'sends the lines of the log before the answer'(host) {
    const id = host.call('suite:log');
    for (const level of ['debug', 'info', 'warn', 'error']) {
      const line = await host.log(id);
      assert.deepEqual([line['level'], line['message']], [level, `at ${level}`]);
      assert.deepEqual(line['fields'], { level, n: 1 });
    }
    await host.answer(id);
  },

  async 'keeps details for the next attempt'(host) {
    const first = host.call('suite:heartbeat', { details: { done: 3, at: new Date(0) } });
    const { header } = await host.take('a heartbeat', ({ type, id }) => type === 'heartbeat' && id === first);
    assert.deepEqual(header['details'], encodeJson({ done: 3, at: new Date(0) }));
    assert.equal((await host.value(first)) ?? null, null);
    const next = host.call(
      'suite:heartbeat',
      { details: 'again' },
      { attempt: 2, lastHeartbeat: header['details'] },
    );
    await host.take('a heartbeat', ({ type, id }) => type === 'heartbeat' && id === next);
    assert.deepEqual(await host.value(next), { done: 3, at: new Date(0) });
  },

  async 'adds knots to the run'(host) {
    const fragment = {
      format: 1,
      knots: [
        { id: 'more', definition: { name: 'double' }, inputs: { x: { knot: 'first' }, y: { constant: 5 } } },
      ],
      terminals: { more: 'more' },
    };
    const id = host.call('suite:extend', { fragment });
    const { header } = await host.take(
      'an extension',
      ({ type, id: given }) => type === 'extend' && given === id,
    );
    assert.deepEqual(header['fragment'], fragment);
    await host.answer(id);
  },

  async 'gives outcomes to a body that receives them'(host) {
    const inputs = {
      good: { kind: 'ok', value: { when: new Date(1_000), bytes: new Uint8Array(2_000).fill(7) } },
      bad: { kind: 'err', error: { type: 'ValueError', message: 'x is negative', traceback: 'at home' } },
      left: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
    };
    assert.deepEqual(await host.value(host.call('suite:outcomes', inputs)), {
      good: inputs.good.value,
      bad: 'x is negative',
      left: 'parent_failed_or_skipped',
    });
  },

  async 'ends a body that is cancelled, and answers'(host) {
    for (const reason of ['cancelled', 'timeout', 'shutdown']) {
      const id = host.call('suite:wait');
      assert.equal((await host.log(id))['message'], 'waiting');
      await host.isQuiet();
      host.say({ type: 'cancel', id, reason });
      assert.equal(await host.value(id), 'ended');
    }
  },

  async 'answers once where a cancel comes right behind the call, again, or too late'(host) {
    const id = host.call('suite:wait');
    host.say({ type: 'cancel', id, reason: 'cancelled' });
    host.say({ type: 'cancel', id, reason: 'shutdown' });
    const answer = await host.answer(id);
    if ('error' in answer) assert.equal(answer.error.type, 'Cancelled', JSON.stringify(answer.error));
    host.say({ type: 'cancel', id, reason: 'timeout' });
    // The body may have begun or not when the call is cancelled.
    const left = await host.left();
    for (const { type } of left) assert.equal(type, 'log');
    for (const _ of left) await host.log(id);
    assert.equal(await host.value(host.call('suite:echo', { value: 'after' })), 'after');
  },

  async 'answers all calls, however many come at once'(host) {
    const waiting = host.call('suite:wait');
    await host.log(waiting);
    const ids = Array.from({ length: 200 }, (_, n) => host.call('suite:echo', { value: n }));
    host.say({ type: 'cancel', id: waiting, reason: 'cancelled' });
    assert.equal(await host.value(waiting), 'ended');
    for (const [n, id] of ids.entries()) assert.equal(await host.value(id), n);
  },

  async 'cancels one call of several'(host) {
    const ids = [host.call('suite:wait'), host.call('suite:wait'), host.call('suite:wait')];
    // The calls in the queue are ended like running ones.
    for (const id of [...ids].reverse()) host.say({ type: 'cancel', id, reason: 'cancelled' });
    for (const id of ids) {
      const answer = await host.answer(id);
      if ('error' in answer) assert.equal(answer.error.type, 'Cancelled', JSON.stringify(answer.error));
    }
    for (const { type } of await host.left()) assert.equal(type, 'log');
    for (const { id } of await host.left()) await host.log(id as number);
  },
});

export const CALL_TESTS: BodyHostTests = {
  ...SHARED,

  async 'takes nothing for protocol that a body writes to its standard output and error'({ adapter }) {
    const host = await adapter.greeted();
    const text = '{"type":"value","id":1,"value":0}';
    await host.answer(host.call('suite:print', { text }));
    await host.line(text, 'stdout');
    await host.line(text, 'stderr');
    await host.isQuiet();
  },

  async 'answers a ping while a body keeps it busy'({ adapter }) {
    const host = await adapter.greeted();
    await withGate(async (file, open) => {
      const id = host.call('suite:block', { path: file });
      assert.equal((await host.log(id))['message'], 'blocking');
      await host.isQuiet();
      await open();
      assert.equal(await host.value(id), 'free');
    });
  },
};
