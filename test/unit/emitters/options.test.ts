import { inspect } from 'node:util';

import {
  isEmitter,
  kafkaEmitter as kafka,
  logEmitter as log,
  valkeyEmitter as valkey,
  webhookEmitter as webhook,
} from '../../../src/emitters';
import { refusal } from '../../support/refusal';
import { thrownBy } from '../../support/thrown-by';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const url = 'https://hooks.example.com/T00/B00/token';

test('what is declared has the options that every emitter has, and defaults', () => {
  expect(log()).toMatchObject({ kind: 'log', name: 'log', from: 'now', batchSize: 500, filter: {} });
  expect(log().disableAfter).toBeUndefined();
  expect(kafka({ topics: { status: 's' } }).options).toEqual({
    source: 'selvage:',
    payloads: false,
    payloadLimit: 65_536,
    topics: { status: 's' },
    form: 'binary',
    connection: 'SELVAGE_KAFKA',
  });
  expect(valkey({ stream: 's' }).options).toMatchObject({ maxLength: 100_000, connection: 'SELVAGE_VALKEY' });
  expect(webhook({ url, secret })).toMatchObject({
    name: 'webhook',
    batchSize: 50,
    disableAfter: 5 * 86_400_000,
    options: { batch: false, requestTimeout: 15_000, allowPrivateNetworks: false },
  });
  expect(webhook({ url, secret, batch: true, disableAfter: '2h' })).toMatchObject({
    batchSize: 500,
    disableAfter: 7_200_000,
  });
  for (const one of [log(), kafka({ topics: { status: 's' } }), valkey({ stream: 's' })])
    expect(isEmitter(one)).toBe(true);
});

test('an emitter for Kafka reads only what it has topics for, unless told', () => {
  const types = (topics: Parameters<typeof kafka>[0]['topics']): unknown => kafka({ topics }).filter.types;
  expect(types({ status: 's' })).toEqual(['run-started', 'run-ended']);
  expect(types({ lineage: 'l' })).toEqual(['knot-finished']);
  expect(types({ result: 'r' })).toEqual(['run-ended']);
  expect(types({ status: 's', lineage: 'l', result: 'r' })).toHaveLength(3);
  const filter = { types: ['run-ended'], tapestries: ['a'] } as const;
  expect(kafka({ topics: { status: 's' }, filter }).filter).toEqual(filter);
});

test('endpoints by name are emitters of their own, with the options of all', () => {
  const filter = { statuses: ['failed'] } as const;
  const [audit, alerts] = webhook({
    name: 'out',
    requestTimeout: 1_000,
    endpoints: { audit: { url, secret }, alerts: { url, secret: false, filter, from: 'beginning' } },
  });
  expect(audit).toMatchObject({ name: 'out/audit', from: 'now', options: { requestTimeout: 1_000 } });
  expect(alerts).toMatchObject({ name: 'out/alerts', from: 'beginning', filter });
  expect(alerts!.options.secrets).toEqual([]);
});

test.each([
  ['no topic', () => kafka({ topics: {} }), /"topics".*"status", "lineage" or "result"/],
  [
    'a wrong topic',
    () => kafka({ topics: { status: 'a b' } }),
    /"status", which must be the name of a topic/,
  ],
  ['another topic', () => kafka({ topics: { state: 's' } as object }), '"state"'],
  ['no stream', () => valkey({} as never), '"stream"'],
  ['no bound', () => valkey({ stream: 's', maxLength: 0 }), '"maxLength"'],
  ['a wrong level', () => log({ level: 'trace' as never }), '"level"'],
  ['a logger that is none', () => log({ logger: { info() {} } as never }), '"logger"'],
  ['a wrong source', () => valkey({ stream: 's', source: 'a b' }), '"source"'],
  ['an unknown option', () => log({ levels: 'info' } as never), /no option.*"level"/],
  ['a wrong duration', () => log({ disableAfter: 'soon' }), '"disableAfter"'],
  ['no secret', () => webhook({ url } as never), /"secret".*write false/],
  ['no address', () => webhook({ secret } as never), '"url"'],
  ['no TLS', () => webhook({ url: 'http://a.example', secret }), '"allowPrivateNetworks"'],
  ['no URL', () => webhook({ url: 'a.example', secret }), 'must be a URL'],
  ['another protocol', () => webhook({ url: 'file:///etc/passwd', secret }), '"https://"'],
  ['a password in the address', () => webhook({ url: 'https://a:b@c.example', secret }), '"authorization"'],
  ['no endpoint', () => webhook({ endpoints: {} }), '"endpoints"'],
  ['an endpoint without a secret', () => webhook({ endpoints: { a: { url } } } as never), '"webhook/a"'],
  ['a header of its own', () => webhook({ url, secret, headers: { 'Webhook-Id': 'x' } }), '"Webhook-Id"'],
  ['a broken header', () => webhook({ url, secret, headers: { a: 'b\r\nc: d' } }), 'printable'],
])('%s is refused', (_, declare, said) => {
  expect(thrownBy(declare)).toMatchObject(refusal('InvalidConfig', said));
});

test('a weak secret is refused, and nothing shows a secret', () => {
  const weak = thrownBy(() => webhook({ url, secret: 'whsec_c2hvcnQ=' }));
  expect(weak).toMatchObject(refusal('WeakSecret', 'the emitter "webhook"'));
  expect(weak.message).not.toContain('c2hvcnQ');
  const declared = webhook({ url, secret, headers: { authorization: 'Bearer very-secret' } });
  const shown = inspect(declared, { depth: 9 }) + JSON.stringify(declared);
  for (const part of ['T00', 'MfKQ9', 'very-secret']) expect(shown).not.toContain(part);
});
