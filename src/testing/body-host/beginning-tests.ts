import * as assert from 'node:assert/strict';
import { PROTOCOLS } from '../../body-hosts';
import type { Conversation } from './conversation';
import type { BodyHostTests } from './subject';

/** The suite's bodies, with the kind of their `receives` unless it is `values`. */
const BODIES: Readonly<Record<string, string | undefined>> = {
  'suite:echo': undefined,
  'suite:no-value': undefined,
  'suite:context': undefined,
  'suite:fail': undefined,
  'suite:terminal': undefined,
  'suite:retry-after': undefined,
  'suite:log': undefined,
  'suite:heartbeat': undefined,
  'suite:extend': undefined,
  'suite:outcomes': 'outcomes',
  'suite:wait': undefined,
  'suite:block': undefined,
  'suite:print': undefined,
  'suite:exit': undefined,
  'suite:store': undefined,
  'suite:open': undefined,
};

interface Described {
  readonly name: string;
  readonly receives?: string;
}

async function describe(host: Conversation, modules: readonly string[]): Promise<readonly Described[]> {
  const id = host.newId();
  host.say({ type: 'describe', id, modules });
  const { header } = await host.take(`the answer to describe ${id}`, (given) => given['id'] === id);
  assert.equal(header['type'], 'described', JSON.stringify(header));
  return header['bodies'] as readonly Described[];
}

export const BEGINNING_TESTS: BodyHostTests = {
  async 'is ready in a version that both know, and says in which language'({ adapter }) {
    const host = adapter.start();
    host.say({ type: 'hello', protocols: [999, ...PROTOCOLS], later: { a: [1] } });
    const { header } = await host.take('ready', ({ type }) => type === 'ready');
    assert.ok(PROTOCOLS.includes(header['protocol'] as number), JSON.stringify(header));
    assert.match(String(header['language']), /^[a-z][a-z0-9+#-]*$/);
    await host.isQuiet();
  },

  async 'refuses a worker of versions that it does not know, and ends'({ adapter }) {
    const host = adapter.start();
    host.say({ type: 'hello', protocols: [998, 999] });
    const { header } = await host.take('refused', ({ type }) => type === 'refused');
    const { type, message } = header['error'] as { readonly type: string; readonly message: string };
    assert.equal(type, 'ProtocolUnknown');
    assert.match(message, /99[89]/);
    await host.gone();
  },

  async 'describes its bodies'({ adapter }) {
    const host = await adapter.shared();
    const described = await describe(host, adapter.modules);
    for (const [name, receives = 'values'] of Object.entries(BODIES)) {
      const body = described.find((one) => one.name === name);
      assert.ok(body, `it describes no body ${name}, but ${described.map((one) => one.name).join(', ')}`);
      assert.equal(body.receives ?? 'values', receives, name);
    }
    assert.deepEqual(await describe(host, adapter.modules), described);
    await host.isQuiet();
  },

  async 'tells why a module cannot be loaded, and goes on'({ adapter }) {
    const host = await adapter.greeted();
    const id = host.newId();
    host.say({ type: 'describe', id, modules: [adapter.brokenModule] });
    const error = await host.error(id);
    assert.notEqual(error.message, '');
    assert.ok(error.traceback?.includes(error.message), JSON.stringify(error));
    assert.ok((await describe(host, adapter.modules)).length > 0);
    assert.equal(await host.value(host.call('suite:echo', { value: 1 })), 1);
    await host.isQuiet();
  },

  async 'says that it has no such body'({ adapter }) {
    const host = await adapter.shared();
    for (const body of ['suite:nowhere', 'nowhere:echo', 'nowhere', '']) {
      const error = await host.error(host.call(body));
      assert.equal(error.type, 'BodyMissing', JSON.stringify(error));
      assert.ok(error.message.includes(body), JSON.stringify(error));
    }
    await host.isQuiet();
  },

  async 'passes over members of frames that it does not know'({ adapter }) {
    const host = await adapter.shared();
    const id = host.newId();
    host.say({
      type: 'call',
      later: null,
      id,
      body: 'suite:echo',
      inputs: { value: 'said' },
      context: { runId: 'r', knotId: 'k', attempt: 1, idempotencyKey: 'i', later: { $type: 'later' } },
    });
    assert.equal(await host.value(id), 'said');
    const ping = host.newId();
    host.say({ type: 'ping', id: ping, later: [] });
    await host.take('pong', ({ type, id: given }) => type === 'pong' && given === ping);
    await host.isQuiet();
  },
};
