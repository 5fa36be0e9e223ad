import { CancelledFailure } from '@temporalio/common';
import { contentHash, encodeValue } from '../../../src/values';
import { createInMemoryBackends } from '../../../src/backends';
import { Retryable, SelvageError, knot, tapestry } from '../../../src';
import type { Backends } from '../../../src/ports';
import { KnotActivities, RUN, one } from '../../support/knot-activity';
import { Latch } from '../../support/latch';
import { SwitchableBackends } from '../../support/switchable-backends';

const hashOf = (value: unknown): string => contentHash(encodeValue(value));

describe('an attempt whose body succeeds', () => {
  test('records the outcome with the hashes of what went in and came out, stores the value, and answers it', async () => {
    const scale = knot('scale', { version: '3' }, ({ list, by }: { list: number[]; by: number }) =>
      list.map((n) => n * by),
    );
    const source = knot('source', () => [1]);
    const work = tapestry(
      'work',
      () => void scale({ list: source({}, { id: 'source' }), by: 2 }, { id: 'scaled' }),
    );
    const activities = await KnotActivities.of(work);
    expect(await activities.run('scaled', { parents: [{ value: [1, 2] }] })).toEqual({ value: [2, 4] });
    expect(await activities.record('scaled')).toMatchObject({
      run_id: RUN.workflowId,
      temporal_run_id: RUN.runId,
      definition: 'scale',
      definition_version: '3',
      parent_knot_ids: { list: 'source' },
      parent_input_hashes: { list: hashOf([1, 2]) },
      constant_input_hashes: { by: hashOf(2) },
      output_hash: hashOf([2, 4]),
      outcome: 'ok',
      dispatcher: 'queue',
      task_queue: 'selvage',
      worker: 'worker-1',
      attempt: 1,
    });
    expect(await activities.backends.dataStore.get(hashOf([2, 4]))).toEqual(Buffer.from('[2,4]'));
  });

  test('answers a value over the inline limit by reference', async () => {
    const activities = await KnotActivities.of(
      one(() => ['a', 'b']),
      { inlineLimit: 8 },
    );
    expect(await activities.run('knot')).toEqual({ hash: hashOf(['a', 'b']), size: 9, length: 2 });
  });
});

describe('an attempt that finds a record', () => {
  test.each([2_048, 0])(
    'answers what is recorded as the first attempt did, and does not run the body (inline limit %d)',
    async (inlineLimit) => {
      const body = jest.fn(() => ({ at: new Date(5), bytes: new TextEncoder().encode('x') }));
      const activities = await KnotActivities.of(one(body), { inlineLimit });
      const first = await activities.run('knot');
      expect(await activities.run('knot', { attempt: 2 })).toEqual(first);
      expect(body).toHaveBeenCalledTimes(1);
    },
  );

  test('fails as the recorded failure did', async () => {
    const activities = await KnotActivities.of(one(() => Promise.reject(new TypeError('no'))));
    const { failure: first } = await activities.failure('knot');
    const { failure } = await activities.failure('knot', { attempt: 2 });
    expect(failure).toMatchObject({
      type: 'TypeError',
      message: 'no',
      nonRetryable: true,
      details: first.details,
    });
  });

  test('answers stored bytes by their reference', async () => {
    const activities = await KnotActivities.of(
      one(async (_, ctx) => await ctx.store(Buffer.from('abc'), { mediaType: 'text/plain' })),
    );
    const first = await activities.run('knot');
    expect(first).toMatchObject({ size: 3, stored: 'text/plain' });
    expect(await activities.run('knot', { attempt: 2 })).toEqual(first);
  });
});

test('of two attempts that are alive at once the first to record wins, and both answer its outcome', async () => {
  const go = [new Latch(), new Latch()];
  let calls = 0;
  const activities = await KnotActivities.of(
    one(async (_, ctx) => {
      await go[calls++]!.passed;
      return `by attempt ${ctx.attempt}`;
    }),
  );
  const early = activities.start('knot');
  const late = activities.start('knot', { attempt: 2 });
  go[1]!.open();
  expect(await late.answer).toEqual({ value: 'by attempt 2' });
  go[0]!.open();
  expect(await early.answer).toEqual({ value: 'by attempt 2' });
  expect(await activities.record('knot')).toMatchObject({ attempt: 2 });
});

test('a success that comes after a recorded failure changes nothing', async () => {
  const go = new Latch();
  const activities = await KnotActivities.of(
    one(async (_, ctx) => {
      if (ctx.attempt === 2) throw new Error('the second one failed');
      await go.passed;
      return 'late success';
    }),
  );
  const late = activities.start('knot');
  await activities.failure('knot', { attempt: 2 });
  go.open();
  await expect(late.answer).rejects.toMatchObject({ message: 'the second one failed', nonRetryable: true });
});

describe('a body that throws', () => {
  const retry = { maximumAttempts: 3, initialInterval: 70, backoffCoefficient: 2 };

  test('and will be tried again says why in what the server keeps of a failure, however long its text is', async () => {
    const long = new TypeError(`no luck ${'x'.repeat(10_000)}`, { cause: new Error('y'.repeat(10_000)) });
    const activities = await KnotActivities.of(one(() => Promise.reject(long), { retry }));
    const { failure } = await activities.failure('knot');
    expect(failure.message).toMatch(/^no luck x/);
    const { message, stack, details } = failure;
    expect(JSON.stringify({ message, stack, details }).length).toBeLessThan(3_500);
  });

  test('and will be tried again leaves no record, only a count, and says when', async () => {
    const activities = await KnotActivities.of(one(() => Promise.reject(new TypeError('no')), { retry }));
    const first = await activities.failure('knot');
    expect(first.failure).toMatchObject({ type: 'TypeError', nonRetryable: false, nextRetryDelay: 70 });
    expect(first.handedOn).toMatchObject({ throws: 1, refusals: 0 });
    const second = await activities.failure('knot', { attempt: 2, heartbeatDetails: first.handedOn });
    expect(second.failure).toMatchObject({ nonRetryable: false, nextRetryDelay: 140 });
    expect(second.handedOn).toMatchObject({ throws: 2, refusals: 0 });
    expect(await activities.record('knot')).toBeUndefined();
  });

  test('for the last time is recorded, and the record is in the details', async () => {
    const activities = await KnotActivities.of(one(() => Promise.reject(new TypeError('no')), { retry }));
    const { failure } = await activities.failure('knot', {
      attempt: 9,
      heartbeatDetails: { throws: 2, refusals: 6 },
    });
    expect(failure).toMatchObject({ type: 'TypeError', message: 'no', nonRetryable: true });
    const record = (await activities.record('knot'))!;
    expect(record).toMatchObject({
      outcome: 'err',
      attempt: 9,
      error_record_id: expect.any(String) as string,
    });
    expect(failure.details).toEqual([record.extra['error']]);
    expect(failure.stack).toContain('TypeError: no');
  });

  test('what no one can send is cut: a message of 5 MB, a time that is none, half a character', async () => {
    const huge = 'x'.repeat(5_000_000);
    const odd = new Retryable(`\ud83d${huge}`, { after: NaN, cause: new Error(huge) });
    const activities = await KnotActivities.of(one(() => Promise.reject(odd), { retry }));
    const { failure } = await activities.failure('knot');
    expect(failure.nextRetryDelay).toBe(70);
    const sent = JSON.stringify([failure.message, failure.type, failure.stack, failure.details]);
    expect(Buffer.byteLength(sent)).toBeLessThan(32 * 1024);
    expect(Buffer.from(failure.message).toString()).toBe(failure.message);
  });

  test('something of Temporal that means another thing there fails like any error', async () => {
    const activities = await KnotActivities.of(one(() => Promise.reject(new CancelledFailure('mine'))));
    const { failure } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'CancelledFailure', nonRetryable: true });
    expect(await activities.record('knot')).toMatchObject({ outcome: 'err' });
  });
});

describe('parents', () => {
  const pair = knot('pair', ({ a, b }: { a: Uint8Array; b: Uint8Array }) => {
    a.fill(0);
    return [[...a], [...b]];
  });
  const bytes = knot('bytes', () => new Uint8Array([1, 2]));
  const twice = tapestry('twice', () => {
    const parent = bytes({}, { id: 'bytes' });
    pair({ a: parent, b: parent }, { id: 'pair' });
  });

  test.each([
    ['whole', 2_048, (envelope: unknown) => [envelope]],
    ['by reference', 0, (envelope: unknown) => [envelope]],
    ['by its record', 2_048, () => [null]],
    ['by its record, as all of too many', 2_048, () => undefined],
  ])('one under two names, %s, is two copies', async (_, inlineLimit, parentsOf) => {
    const activities = await KnotActivities.of(twice, { inlineLimit });
    const envelope = await activities.run('bytes');
    const parents = parentsOf(envelope) as never;
    const answer = await activities.start('pair', { parents }).answer;
    expect(answer).toEqual(
      inlineLimit === 0
        ? expect.objectContaining({
            hash: hashOf([
              [0, 0],
              [1, 2],
            ]),
          })
        : {
            value: [
              [0, 0],
              [1, 2],
            ],
          },
    );
    const hash = hashOf(new Uint8Array([1, 2]));
    expect(await activities.record('pair')).toMatchObject({ parent_input_hashes: { a: hash, b: hash } });
    expect(await activities.backends.dataStore.get(hash)).toEqual(Buffer.from([1, 2]));
  });

  test('a value that is not there is a refusal that says whose it is and where to look', async () => {
    const activities = await KnotActivities.of(twice);
    const { failure } = await activities.failure('pair', { parents: [null] });
    // Its run has it made again.
    expect(failure).toMatchObject({ type: 'selvage.recordsLost', nonRetryable: true });
    expect(failure.message).toMatch(/"bytes"/);
    await activities.run('bytes');
    await activities.backends.dataStore.delete(hashOf(new Uint8Array([1, 2])));
    // Another worker, which has not the value of the first in memory.
    const elsewhere = await KnotActivities.of(twice, { backends: activities.backends });
    const { failure: gone } = await elsewhere.failure('pair', { parents: [null] });
    expect(gone.message).toMatch(/"bytes".*SELVAGE_DATA/);
  });
});

describe('the backends', () => {
  test('a short outage while committing costs no other run of the body', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const body = jest.fn(() => {
      line.inflict({ code: 'BackendUnavailable', only: ['backends.commit'], times: 2 });
      return 'kept';
    });
    const activities = await KnotActivities.of(one(body), { backends: line.backends });
    expect(await activities.run('knot')).toEqual({ value: 'kept' });
    expect(line.hit).toHaveLength(2);
    expect(body).toHaveBeenCalledTimes(1);
  });

  test('a commit whose answer was lost is found to be done', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const activities = await KnotActivities.of(
      one(() => {
        line.inflict({ code: 'BackendUnavailable', when: 'after', only: ['backends.commit'], times: 1 });
        return 'kept';
      }),
      { backends: line.backends },
    );
    expect(await activities.run('knot')).toEqual({ value: 'kept' });
    expect((await activities.backends.runHistory.findLineage({ knotId: 'knot' })).items).toHaveLength(1);
  });

  test('a body that could not store its bytes has not failed, and nothing is on record', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const activities = await KnotActivities.of(
      one(async (_, ctx) => await ctx.store(Buffer.from('abc'))),
      { backends: line.backends },
    );
    line.inflict({ code: 'BackendUnavailable', only: ['dataStore.putStream', 'dataStore.put'] });
    const { failure, handedOn } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'BackendUnavailable', nonRetryable: false });
    expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
    line.mend();
    expect(await activities.record('knot')).toBeUndefined();
    expect(await activities.run('knot', { attempt: 2 })).toMatchObject({ size: 3 });
  });

  test('whatever they throw when a success is committed is no failure of the knot', async () => {
    const real = createInMemoryBackends();
    const backends: Backends = {
      ...real,
      commit: () => Promise.reject(new TypeError('a defect of the adapter')),
    };
    const activities = await KnotActivities.of(
      one(() => 'fine'),
      { backends },
    );
    const { failure, handedOn } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'InternalError', nonRetryable: false });
    expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
  });

  test('a success that no backend can hold is the failure of its knot; where that cannot be held either, the knot ends', async () => {
    const real = createInMemoryBackends();
    let holdsFailures = true;
    const backends: Backends = {
      ...real,
      commit: async (commits) => {
        if (!holdsFailures || commits.some(({ record }) => record.outcome === 'ok'))
          throw new SelvageError('NotStorable', 'too odd');
        return await real.commit(commits);
      },
    };
    const activities = await KnotActivities.of(
      one(() => 'fine'),
      { backends },
    );
    const end = { type: 'NotStorable', message: 'too odd', nonRetryable: true };
    holdsFailures = false;
    expect((await activities.failure('knot')).failure).toMatchObject(end);
    holdsFailures = true;
    expect((await activities.failure('knot')).failure).toMatchObject(end);
    expect(await activities.record('knot')).toMatchObject({
      outcome: 'err',
      output_hash: null,
      extra: { error: { type: 'NotStorable', message: 'too odd' } },
    });
  });

  test('an attempt that could not record its throw counts once, as a refusal', async () => {
    const real = createInMemoryBackends();
    const backends: Backends = { ...real, commit: () => Promise.reject(new Error('read-only')) };
    const activities = await KnotActivities.of(
      one(() => Promise.reject(new Error('body'))),
      { backends },
    );
    const { failure, handedOn } = await activities.failure('knot');
    expect(failure).toMatchObject({ message: 'Error: read-only', nonRetryable: false });
    expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
  });
});
