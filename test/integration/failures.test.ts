import { z } from 'zod';

import { RunFailed, SelvageError, Terminal, knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

const pass = knot('pass', ({ x }: { x: number }) => x);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new RangeError(`no ${x}`, { cause: new TypeError('deep down') });
});
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);
const hangs = knot(
  'hangs',
  ({ x }: { x: number }, { signal }) =>
    new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(x))),
);
const unencodable = knot('unencodable', () => ({ inner: { callback: () => 1 } }) as unknown as number);
const illTyped = knot('illTyped', { output: z.number() }, () => 'seven' as unknown as number);
const strict = knot('strict', { input: z.object({ x: z.number().max(3) }) }, ({ x }) => x);
const throwsText = knot('throwsText', (): number => {
  // A body may throw anything.
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  throw 'only a text';
});
const gone = knot('gone', (): number => {
  throw new Terminal('never again');
});

const threeOutcomes = tapestry('threeOutcomes', (t) => {
  const x = t.parameter('x', z.number());
  const fine = pass({ x }, { id: 'fine' });
  const failed = boom({ x }, { id: 'failed' });
  const skipped = total({ fine, failed }, { id: 'skipped' });
  const below = pass({ x: skipped }, { id: 'below' });
  return { fine, below };
});

const failOn = (name: string, policy: 'any' | 'never' | 'unhandled') =>
  tapestry(name, { failOn: policy }, (t) => {
    const x = t.parameter('x', z.number());
    return { failed: boom({ x }, { id: 'failed' }), fine: pass({ x }, { id: 'fine' }) };
  });
const failOnAny = failOn('failOnAny', 'any');
const failOnNever = failOn('failOnNever', 'never');
const failOnUnhandled = failOn('failOnUnhandled', 'unhandled');

const waysToFail = tapestry('waysToFail', (t) => {
  const x = t.parameter('x', z.number());
  hangs({ x }, { id: 'late', timeout: 200 });
  unencodable({}, { id: 'unencodable' });
  illTyped({}, { id: 'illTyped' });
  strict({ x }, { id: 'strict', retry: { maximumAttempts: 5, initialInterval: 1 } });
  throwsText({}, { id: 'throwsText' });
  gone({}, { id: 'gone', retry: { maximumAttempts: 5, initialInterval: 1 } });
});

const tapestries = [threeOutcomes, failOnAny, failOnNever, failOnUnhandled, waysToFail];

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({ tapestries, workerOptions: { maxCachedWorkflows } });
  });
  afterAll(closeAll);

  const statusOnServer = async (runId: string): Promise<string> =>
    (await selvage.client.workflow.getHandle(runId).describe()).status.name;

  test('a failed run has all three outcomes; result() resolves and values() throws RunFailed with it', async () => {
    const run = await selvage.start(threeOutcomes, { x: 4 });
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'failed',
      succeeded: false,
      outputs: { 'param:x': 4, fine: 4 },
      values: { fine: 4 },
      outcomes: {
        fine: { kind: 'ok', value: 4 },
        failed: {
          kind: 'err',
          error: {
            type: 'RangeError',
            message: 'no 4',
            cause: { type: 'TypeError', message: 'deep down' },
            attempt: 1,
            traceback: expect.stringContaining('failures.test.ts'),
          },
        },
        skipped: {
          kind: 'skipped',
          reason: 'parent_failed_or_skipped',
          detail: { anyErr: true, anySkipped: false, parents: ['failed', 'fine'] },
        },
        below: {
          kind: 'skipped',
          reason: 'parent_failed_or_skipped',
          detail: { anyErr: false, anySkipped: true },
        },
      },
    });
    const error = await run.values().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(RunFailed);
    expect(SelvageError.is(error, 'RunFailed')).toBe(true);
    expect((error as RunFailed).result).toMatchObject({
      runId: run.runId,
      status: 'failed',
      values: { fine: 4 },
    });
    expect((error as RunFailed).message).toContain('"failed" failed with RangeError: no 4');
    expect(await statusOnServer(run.runId)).toBe('FAILED');
  });

  test('a skipped knot is on record with the hashes that it would have got', async () => {
    const run = await selvage.start(threeOutcomes, { x: 4 });
    await run.result();
    const { items } = await run.lineage();
    const record = (id: string) => items.find(({ knot_id }) => knot_id === id)!;
    expect(items.map(({ knot_id }) => knot_id).sort()).toEqual([
      'below',
      'failed',
      'fine',
      'param:x',
      'skipped',
    ]);
    expect(record('skipped')).toMatchObject({
      outcome: 'skipped',
      skip_reason: 'parent_failed_or_skipped',
      parent_input_hashes: { fine: record('fine').output_hash, failed: null },
      output_hash: null,
    });
    expect(record('skipped').finished_at).toBe(record('skipped').started_at);
    expect(record('failed').error_record_id).toMatch(/^err_/);
  });

  test.each([
    [failOnAny, 'FAILED'],
    [failOnUnhandled, 'FAILED'],
    [failOnNever, 'COMPLETED'],
  ] as const)('failOn decides how the workflow ends and nothing else (%#)', async (failing, status) => {
    const run = await selvage.start(failing, { x: 2 });
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'failed',
      values: { fine: 2 },
      outcomes: { failed: { kind: 'err' } },
    });
    expect(await statusOnServer(run.runId)).toBe(status);
    await expect(run.values()).rejects.toMatchObject({ code: 'RunFailed' });
  });

  test('each way to fail is told by its type, and what cannot be mended is not tried again', async () => {
    const run = await selvage.start(waysToFail, { x: 4 });
    const { outcomes } = await run.result();
    const failures = Object.fromEntries(
      Object.entries(outcomes).flatMap(([id, outcome]) =>
        outcome.kind === 'err' ? [[id, [outcome.error.type, outcome.error.attempt]]] : [],
      ),
    );
    expect(failures).toEqual({
      late: ['BodyTimeout', 1],
      unencodable: ['NotEncodable', 1],
      illTyped: ['InvalidOutput', 1],
      strict: ['InvalidInput', 1],
      throwsText: ['string', 1],
      gone: ['Terminal', 1],
    });
    const message = (id: string) => {
      const outcome = outcomes[id]!;
      return outcome.kind === 'err' ? outcome.error.message : '';
    };
    expect(message('late')).toContain('timeout of 200 ms');
    expect(message('unencodable')).toContain('inner.callback');
    expect(message('illTyped')).toContain('"illTyped"');
    expect(message('throwsText')).toBe('only a text');
  });

  test('an equal failure of another attempt has an equal error id, and one of another run has not', async () => {
    const idOf = async (x: number, runId?: string): Promise<[string, string]> => {
      const run = await selvage.start(failOnNever, { x }, runId === undefined ? {} : { runId });
      const outcome = (await run.result()).outcomes['failed']!;
      return [run.runId, outcome.kind === 'err' ? outcome.error.id : 'no error'];
    };
    const [, first] = await idOf(2);
    const [, second] = await idOf(2);
    expect(first).toMatch(/^err_[0-9a-f]{24}$/);
    expect(second).not.toBe(first);
  });
});
