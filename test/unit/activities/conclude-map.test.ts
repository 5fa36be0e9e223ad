import { createInMemoryBackends, nodeSha256 } from '../../../src/backends';
import { knot, map, tapestry } from '../../../src';
import { SelvageError } from '../../../src/errors';
import type { Envelope } from '../../../src/scheduler';
import { sampleLineage } from '../../../src/testing/sample-records';
import { hashJson } from '../../../src/values';
import { KnotActivities, RUN } from '../../support/knot-activity';

const ELEMENTS = 60_000;
/** So many are composed before the next attempt is told. */
const KEPT = 50_000;
const READ_AT_A_TIME = 500;

const list = knot('list', () => Array.from({ length: ELEMENTS }, (_, x) => x));
const each = knot('each', ({ x }: { x: number }) => x);
const work = tapestry(
  'work',
  () => void map({ over: list({}, { id: 'list' }), each, bind: 'x', onError: 'skip' }, { id: 'all' }),
);

const valueOf = (x: number): number => x % 100;
const isFailed = (x: number): boolean => x % 100 === 7;

function recordOf(x: number) {
  const hash = hashJson(valueOf(x), nodeSha256);
  const record = sampleLineage({
    run_id: RUN.workflowId,
    temporal_run_id: RUN.runId,
    knot_id: `all[${x}]`,
    ...(isFailed(x) && {
      outcome: 'err',
      output_hash: null,
      output_size: null,
      extra: { error: { id: 'id', type: 'Error', message: 'no', traceback: '', attempt: 1 } },
    }),
  });
  const values = isFailed(x) ? [] : [{ hash, bytes: Buffer.from(String(valueOf(x))) }];
  return { record: isFailed(x) ? record : { ...record, output_hash: hash }, values };
}

test('an attempt that puts a large list together goes on behind what the one before has kept of it', async () => {
  const backends = createInMemoryBackends();
  const activities = await KnotActivities.of(work, { backends });
  const parents = [(await activities.run('list')) as Envelope];
  await backends.commit(Array.from({ length: ELEMENTS }, (_, x) => recordOf(x)));

  const history = backends.runHistory;
  const outcomes = history.getOutcomes.bind(history);
  const asked = jest.spyOn(history, 'getOutcomes').mockImplementation(async (...ask) => {
    if (asked.mock.calls.length > KEPT / READ_AT_A_TIME + 5)
      throw new SelvageError('BackendUnavailable', 'away');
    return await outcomes(...ask);
  });
  const first = await activities.failure('all', { parents, map: { count: ELEMENTS } });
  expect(first.failure.type).toBe('BackendUnavailable');

  asked.mockClear();
  const heartbeatDetails = first.handedOn;
  const made = await activities.run('all', {
    parents,
    map: { count: ELEMENTS },
    attempt: 2,
    heartbeatDetails,
  });
  expect(asked).toHaveBeenCalledTimes((ELEMENTS - KEPT) / READ_AT_A_TIME);
  const expected = Array.from({ length: ELEMENTS }, (_, x) => x).filter((x) => !isFailed(x));
  expect(made).toMatchObject({ hash: expect.any(String) as string, length: expected.length });
  expect(await activities.record('all')).toMatchObject({
    outcome: 'ok',
    output_hash: hashJson(expected.map(valueOf), nodeSha256),
    extra: { elements: { count: ELEMENTS, failed: ELEMENTS / 100 } },
  });
});
