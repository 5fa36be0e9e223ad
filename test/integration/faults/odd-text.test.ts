import { z } from 'zod';
import {
  SelvageError,
  knot,
  local,
  map,
  queue,
  tapestry,
  waitForSignal,
  type Dispatcher,
} from '../../../src';
import type { Selvage, StartOptions } from '../../../src/client';
import { openBackends } from '../../../src/backends';
import { MEMO_KEY } from '../../../src/workflows/messages';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { closeAll, onClose, openSelvage, temporaryFolder, unique } from '../../support/open-selvage';
import { describeWith } from '../../support/services';

const ODD = {
  zero: 'a\0b',
  'half of a character': 'a\ud800b',
  long: Array.from({ length: 1_250 }, (_, part) => (part * 2_654_435_761).toString(36).slice(-8)).join(''),
  bidi: 'a\u202eb\u2066c',
  escape: 'a\u001b[31m\u0007\u009bb',
  proto: '__proto__',
} as const;
/** What a start refuses for its form. */
const REFUSALS = [
  'InvalidConfig',
  'InvalidName',
  'NotEncodable',
  'UnknownTerminal',
  'InvalidParameters',
  'UnknownKnot',
];

const echo = knot('echo', ({ x }: { x: unknown }) => x);
const each = knot('each', ({ item, how }: { item: string; how: string }, ctx) => {
  if (how === 'elements fail') throw new Error(`${item}: ${ctx.knotId}`);
  return item;
});
const thrown: Record<string, (text: string) => unknown> = {
  message: (text) => new Error(text),
  name: (text) => Object.assign(new Error('x'), { name: text }),
  code: (text) => Object.assign(new Error(''), { code: text }),
  text: (text) => text,
  object: (text) => Object.fromEntries([[text, text]]),
  cause: (text) => new Error('x', { cause: new Error(text) }),
  stack: (text) => Object.assign(new Error('x'), { stack: text.repeat(10) }),
  proxy: () => {
    const trap = (): never => {
      throw new Error('trap');
    };
    return new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap });
  },
};
const fail = knot('fail', ({ how, text }: { how: string; text: string }): string => {
  throw thrown[how]!(text) as Error;
});
const store = knot('store', async ({ text }: { text: string }, ctx) => {
  ctx.heartbeat({ text: text.replace(/\p{Surrogate}/gu, '') });
  ctx.logger.info({ text }, text);
  return await ctx.store(Buffer.from('x'), { mediaType: text });
});

const echoes = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.unknown(), { default: 'plain' });
    return { x: echo({ x }, { id: 'x' }) };
  });
const failing = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => {
    const text = t.parameter('text', z.string());
    for (const how of Object.keys(thrown)) fail({ how, text }, { id: how });
    store({ text }, { id: 'store' });
  });
const mapping = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => {
    // Unlike a record of zod, it leaves no key out.
    const over = t.parameter(
      'over',
      z.custom<Record<string, string>>(() => true),
    );
    const how = t.parameter('how', z.string());
    return { all: map({ over, each, bind: 'item', shared: { how }, onError: 'skip' }, { id: 'all' }) };
  });
const waiting = tapestry('odd-waiting', () => ({ said: waitForSignal('said', z.unknown(), { id: 'said' }) }));
const [queued, gathered] = [echoes('odd-queued', queue()), echoes('odd-local', local())];
const fails = [failing('odd-fails', queue()), failing('odd-local-fails', local())];
const maps = [mapping('odd-map', queue()), mapping('odd-local-map', local())];

type Kept = Record<string, unknown>;

/** What a start takes is read back equal, and the run ends; what it does not take is refused for its form. */
async function startsWith(
  selvage: Selvage,
  what: string,
  options: StartOptions,
  kept: Kept,
): Promise<string> {
  try {
    const run = await selvage.start(queued, {}, options);
    expect(await run.values()).toEqual({ x: 'plain' });
    expect(await selvage.backends.runHistory.getRun(run.runId)).toMatchObject(kept);
    return 'kept';
  } catch (error) {
    if (!SelvageError.is(error)) throw new Error(`${what}: ${String(error)}`, { cause: error });
    expect(REFUSALS).toContain(error.code);
    return 'refused';
  }
}

const histories: Record<string, () => Promise<string>> = {
  sqlite: async () => `sqlite:${await temporaryFolder()}/odd.db`,
  memory: () => Promise.resolve('memory:'),
  duckdb: async () => `duckdb:${await temporaryFolder()}/odd.duckdb`,
  postgres: async () => {
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    return url;
  },
};

afterEach(closeAll);

describeWith('postgres')('odd text, wherever a user can give it', () => {
  test.each(Object.keys(histories))(
    'is refused at once or kept as it is: %s',
    async (history) => {
      const folder = await temporaryFolder();
      const url = await histories[history]!();
      const backends = await openBackends({
        projectDir: folder,
        environment: {},
        history: url,
        ...(history !== 'duckdb' && { url }),
      });
      onClose(() => backends.close());
      const tapestries = [queued, gathered, ...fails, ...maps, waiting];
      const selvage = await openSelvage({ tapestries, backends });
      const found: Record<string, string> = {};
      await Promise.all(
        Object.entries(ODD).map(async ([name, text]) => {
          const one = async (place: string, options: StartOptions, kept: Kept): Promise<void> => {
            found[`${place} ${name}`] = await startsWith(selvage, `${place} ${name}`, options, kept);
          };
          const runId = unique(text);
          await one('runId', { runId }, { run_id: runId });
          await one('actor', { actor: text }, { actor: text });
          await one('trigger', { trigger: text }, { trigger: text });
          await one('triggerKey', { triggerKey: text }, { trigger_key: text });
          await one('partition', { partition: text }, { partition: text });
          await one('tags', { tags: ['plain', text] }, { tags: ['plain', text] });
          await one('vcsCommit', { vcsCommit: text }, { vcs_commit: text });
          await one('idempotencyKey', { idempotencyKey: unique(text) }, {});
          await one('terminals', { terminals: [text] }, {});
          await valuesOf(selvage, text);
          await failuresOf(selvage, text);
          await elementsOf(selvage, text);
          await signalOf(selvage, text);
          await rawStart(selvage, text, found[`tags ${name}`]!);
        }),
      );
      for (const place of ['actor', 'trigger', 'triggerKey', 'partition', 'tags', 'vcsCommit', 'runId'])
        expect(Object.keys(ODD).map((name) => found[`${place} ${name}`])).toEqual([
          'refused',
          'refused',
          'refused',
          'kept',
          'refused',
          'kept',
        ]);
    },
    300_000,
  );
});

async function valuesOf(selvage: Selvage, text: string): Promise<void> {
  const value = { list: [text], ...Object.fromEntries([[text, text]]) };
  const isEncodable = !/\p{Surrogate}/u.test(text);
  for (const tried of [queued, gathered]) {
    const started = selvage.start(tried, { x: value });
    if (isEncodable) expect(await (await started).values()).toEqual({ x: value });
    else await expect(started).rejects.toMatchObject({ code: 'NotEncodable' });
  }
}

/** Each of its knots ends, and its record tells of it. */
async function failuresOf(selvage: Selvage, text: string): Promise<void> {
  if (/\p{Surrogate}/u.test(text)) return;
  for (const tried of fails) {
    const run = await selvage.start(tried, { text });
    const { status } = await run.result();
    expect(status).toBe('failed');
    const records = await run.lineage();
    const errors = new Map(
      records.map(({ knot_id, extra }) => [knot_id, extra['error'] as { message: string; type: string }]),
    );
    expect(errors.get('message')).toMatchObject({ message: text.slice(0, 2_000) });
    expect(errors.get('name')).toMatchObject({ type: text.slice(0, 200) });
    expect(errors.get('proxy')!.message).toContain('cannot be inspected');
    for (const how of Object.keys(thrown)) expect(errors.get(how)).toBeDefined();
    expect(records.find(({ knot_id }) => knot_id === 'store')).toMatchObject(
      /^[\x20-\x7e]{1,200}$/.test(text) ? { outcome: 'ok' } : { outcome: 'err' },
    );
  }
}

async function elementsOf(selvage: Selvage, text: string): Promise<void> {
  if (/\p{Surrogate}/u.test(text)) return;
  const over = { ...Object.fromEntries([[text, 'odd']]), [`${text}2`]: 'other', plain: 'plain' };
  for (const tried of maps) {
    const run = await selvage.start(tried, { over, how: 'go' });
    expect(await run.values()).toEqual({ all: over });
    const elements = (await run.lineage()).filter(({ knot_id }) => knot_id.startsWith('all['));
    expect(elements).toHaveLength(3);
    for (const { knot_id } of elements) expect(knot_id.length).toBeLessThan(400);
    const failed = await (await selvage.start(tried, { over, how: 'elements fail' })).result();
    expect(failed.outputs).toMatchObject({ all: {} });
  }
}

async function signalOf(selvage: Selvage, text: string): Promise<void> {
  const run = await selvage.start(waiting, {});
  await expect(run.signal(text, 1)).rejects.toMatchObject({
    code: expect.stringMatching(/^(UnknownSignal|InvalidName)$/),
  });
  if (/\p{Surrogate}/u.test(text))
    await expect(run.signal('said', text)).rejects.toMatchObject({ code: 'NotEncodable' });
  await run.signal('said', /\p{Surrogate}/u.test(text) ? 'plain' : { text });
  await run.values();
}

/** By Temporal's own means nobody refuses it before the run's first step. */
async function rawStart(selvage: Selvage, text: string, byClient: string): Promise<void> {
  if (/\p{Surrogate}/u.test(text)) return;
  const workflow = await selvage.client.workflow.start(queued.name, {
    workflowId: unique('raw'),
    taskQueue: selvage.taskQueue!,
    args: [{ x: 'plain' }],
    memo: { [MEMO_KEY]: { tags: [text], actor: 'somebody' } },
  });
  if (byClient === 'kept') {
    await workflow.result();
    return;
  }
  const cause = { type: 'InvalidConfig', message: expect.stringContaining('"tags"') };
  await expect(workflow.result()).rejects.toMatchObject({ cause });
  expect(await selvage.backends.runHistory.getRun(workflow.workflowId)).toMatchObject({
    status: 'failed',
    actor: 'somebody',
    tags: [],
    details: { error: cause },
  });
}
