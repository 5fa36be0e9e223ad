import path from 'node:path';
import type { LineageRecord } from '../../src/ports';
import type { RunHandle } from '../../src/client';
import { describeKnotState } from '../../src/cli/show/knot-state';
import { describeRecord } from '../../src/cli/show/lineage';
import { Plans } from '../../src/operations/plans';
import { invoke } from '../../src/operations/invoke';
import { show } from '../../src/operations/knots/show';
import { ServerReach } from '../../src/operations/reach';
import { recordInCamelCase } from '../../src/values/answer-json';
import { recordedOutput } from '../unit/cli/output-streams';
import { selvageForAll, temporaryFolder } from '../support/open-selvage';
import { exiting, exitingInSegments, here, inSegments, notes, queued } from '../support/thread-bodies';

const shared = selvageForAll({ tapestries: [exiting, exitingInSegments, queued, inSegments, here] });

const LOST = /^Body thread \d+, which ran knot "exits", has ended: it ended with code 3\.$/;
const lost = (attempt: number): object => ({
  attempt,
  worker: expect.any(String) as string,
  reason: { code: 'WorkerLost', message: expect.stringMatching(LOST) as string },
});

async function recordOf(run: Pick<RunHandle, 'knot'>, knotId: string): Promise<LineageRecord> {
  const { record } = await run.knot(knotId);
  return record!;
}
const newFile = async (): Promise<string> => path.join(await temporaryFolder(), 'notes');

test.each([
  ['an activity of its own', exiting, 'queue'],
  ['a segment', exitingInSegments, 'queue'],
])(
  'a body thread that dies under %s is a lost attempt of its knot alone, and its record says how it was lost',
  async (_where, tapestry, dispatcher) => {
    const file = await newFile();
    const run = await shared().start(tapestry, { file, until: 2 });
    expect(await run.values()).toEqual({ exits: 'survived', first: 1 });
    expect(notes(file)).toEqual(['beside', 'exits', 'exits', 'exits']);
    expect(await recordOf(run, 'exits')).toMatchObject({
      dispatcher,
      attempt: 3,
      extra: { host: 'threads', attempts: [lost(1), lost(2)] },
    });
    const beside = await recordOf(run, 'beside');
    expect([beside.attempt, beside.extra]).toEqual([1, { host: 'threads' }]);
  },
);

test('one that dies each time is given up, and the error says what was lost', async () => {
  const file = await newFile();
  const run = await shared().start(exiting, { file, until: 100 });
  const { outcomes } = await run.result();
  expect(outcomes['exits']).toMatchObject({
    kind: 'err',
    error: {
      type: 'WorkerLost',
      message: expect.stringMatching(
        /^The body host of knot "exits" was lost 3 times: .* The last time: Body thread .* ended with code 3\.$/,
      ) as string,
    },
  });
  expect(notes(file)).toEqual(['beside', 'exits', 'exits', 'exits']);
  const { extra } = await recordOf(run, 'exits');
  expect(extra['attempts']).toMatchObject([lost(1), lost(2), lost(3)]);
});

test('records name the host that has called the body, and none where the worker did', async () => {
  const hostsOf = async (tapestry: typeof here): Promise<[string, unknown][]> => {
    const run = await shared().start(tapestry, { n: 2 });
    await run.result();
    return (await run.lineage())
      .map(({ knot_id: id, extra }): [string, unknown] => [id, extra['host']])
      .sort();
  };
  const byThreads = (ids: readonly string[]): [string, unknown][] =>
    ids.map((id): [string, unknown] => [id, IN_PLACE.includes(id) ? undefined : 'threads']);
  const plain = await hostsOf(here);
  expect(plain.filter(([, host]) => host !== undefined)).toEqual([]);
  const ids = plain.map(([id]) => id);
  expect(await hostsOf(queued)).toEqual(byThreads(ids));
  expect(await hostsOf(inSegments)).toEqual(byThreads(ids));
});
/** No body of theirs is called. */
const IN_PLACE = ['param:n'];

test('people are told', async () => {
  const run = await shared().start(exiting, { file: await newFile(), until: 0 });
  await run.result();
  const { output } = recordedOutput();
  const state = await run.knot('exits');
  expect(describeKnotState(state, output)).toMatch(/\n {2}ran by body host threads, queue, worker \S+$/);
  expect(describeRecord(recordInCamelCase(state.record!), output)).toMatch(/\n {2}host {4}threads$/);
  const { backends } = shared();
  const data = {
    backends,
    plans: new Plans(backends),
    reach: new ServerReach(async () => shared()),
    project: 'project',
    tapestries: [],
    triggers: [],
  };
  const caller = { mayAct: false, isReadOnly: true, maySeeSecrets: true };
  const ask = { runId: state.run.run_id, knotId: 'exits' };
  expect(await invoke(show, { ...data, caller }, ask)).toMatchObject({
    dispatcher: 'queue',
    host: 'threads',
  });
});
