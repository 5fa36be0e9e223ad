import { Retryable, knot, tapestry, type Duration } from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import { Outages } from '../../src/connection/outages';
import { Events } from '../../src/connection/prune-events';
import { deadlineOf } from '../../src/connection/start-options';
import { logEmitter, openLineageEmitter, webhookEmitter } from '../../src/emitters';
import { waitTime } from '../../src/operations/fields';
import { statsOf } from '../../src/records/questions';
import { collectGarbage, planScrub, prune } from '../../src/records/retention';
import { retryDelay } from '../../src/runtime/retry';
import { FileTailSource, stream } from '../../src/streams';
import { bearer, kafkaTrigger, standardWebhooks, valkeyTrigger, webhook } from '../../src/triggers';
import { selvage } from '../../src/worker';
import { refusal } from '../support/refusal';

const one = knot('one', () => 1);
const t = tapestry('t', () => ({ one: one({}, { id: 'one' }) }));
const backends = createInMemoryBackends();
const source = (): FileTailSource => new FileTailSource({ path: 'x' });
const verify = bearer({ token: 'a-token-that-is-long-enough-for-everybody' });
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const connection = {
  withDeadline: async <T>(_: unknown, call: () => Promise<T>): Promise<T> => await call(),
  workflowService: { describeNamespace: async () => ({}) },
};
const host = { backends, client: { connection }, place: { namespace: 'default' } } as never;

/** What comes of an option, by its name. */
const OPTIONS: Readonly<Record<string, (given: Duration) => unknown>> = {
  'timeout of an emitter': (timeout) => logEmitter({ timeout }),
  'disableAfter of an emitter': (disableAfter) => logEmitter({ disableAfter }),
  'requestTimeout of a webhook': (requestTimeout) =>
    webhookEmitter({ url: 'https://h.example', secret, requestTimeout }),
  'requestTimeout of OpenLineage': (requestTimeout) =>
    openLineageEmitter({ namespace: 'n', url: 'http://h', requestTimeout }),
  'linger of a stream': (linger) => stream(source(), t, { id: 's', batch: 2, linger }).options.linger,
  'poll of files': (poll) => new FileTailSource({ path: 'x', poll }).options,
  'leaveAfter of files': (leaveAfter) => new FileTailSource({ path: 'x', leaveAfter }).options,
  'maxWait of Kafka': (maxWait) =>
    kafkaTrigger(t, { id: 'k', topics: 'x', map: () => ({}), batch: { maxSize: 2, maxWait } } as never)
      .options.batch,
  'claimAfter of Valkey': (claimAfter) => valkeyTrigger(t, { id: 'v', stream: 'x', claimAfter }).options,
  'limits.time of a webhook': (time) => webhook(t, { path: '/x', verify, limits: { time } }).options.limits,
  'limits.wait of a webhook': (wait) => webhook(t, { path: '/x', verify, limits: { wait } }).options.limits,
  'tolerance of a webhook': (tolerance) => standardWebhooks({ secret, tolerance }),
  'deadline of a run': (deadline) => deadlineOf(deadline),
  'outageLimit of a client': (outageLimit) => void new Outages({ outageLimit }, () => {}),
  'leaseTtl of a worker': (leaseTtl) => void selvage({ tapestries: [t], backends, leaseTtl }),
  'olderThan of starts': async (olderThan) => await new Events(host).prune({ olderThan }),
  'olderThan of runs': async (olderThan) => await prune(backends, { olderThan, dryRun: true }),
  'grace of values': async (grace) => await collectGarbage(backends, { grace, dryRun: true }),
  'ttl of values': async (ttl) => await collectGarbage(backends, { ttl, dryRun: true }),
  'olderThan of values': async (olderThan) => await planScrub(backends, { olderThan }),
  'baseline of statistics': async (baseline) =>
    (await statsOf(backends.runHistory, { since: 1e12, until: 1e12 + 1, baseline })).baseline,
};

/** In each option's range, and none's default. */
const inRange = (name: string): readonly [string, number] =>
  /olderThan|grace|ttl/.test(name) ? ['3h', 10_800_000] : ['90s', 90_000];

beforeAll(() => void jest.spyOn(Date, 'now').mockReturnValue(1e12));
afterAll(() => void jest.restoreAllMocks());

test.each(Object.entries(OPTIONS))('%s: a text means the same as its milliseconds', async (name, take) => {
  const [text, milliseconds] = inRange(name);
  expect(JSON.stringify(await take(text))).toBe(JSON.stringify(await take(milliseconds)));
});

test.each(Object.entries(OPTIONS))(
  "%s: what is no duration is refused by the option's name",
  async (name, take) => {
    const [option] = name.split(' ') as [string];
    const code = option === 'leaseTtl' ? 'InvalidWorkerOptions' : 'InvalidConfig';
    await expect((async () => await take('soon'))()).rejects.toMatchObject(
      refusal(code, new RegExp(`${option}[^]*"soon"|${option}[^]*soon|${option}.*must be a duration`)),
    );
  },
);

test('an error asks for its next attempt by a duration', () => {
  const after = (wait: Duration): number | undefined =>
    retryDelay({ maximumAttempts: 3 }, 1, new Retryable('later', { after: wait }));
  expect([after('90s'), after(90_000), after('soon')]).toEqual([90_000, 90_000, 1_000]);
});

test('a wait that is said as text is seconds, or has a unit', () => {
  expect(['60', '2m', '1500ms', 60].map((given) => waitTime.parse(given))).toEqual([
    60_000, 120_000, 1_500, 60,
  ]);
  expect(() => waitTime.parse('soon')).toThrow('length of time');
});
