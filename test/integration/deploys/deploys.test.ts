import { local, type Tapestry } from '../../../src';
import type { RunHandle, Selvage } from '../../../src/client';
import { nodeSha256 } from '../../../src/backends';
import { planOf } from '../../../src/runtime';
import { recordOf } from '../../../src/authoring';
import { Latch } from '../../support/latch';
import {
  closeAll,
  connectSelvage,
  startWorker,
  unique,
  type RunningWorker,
} from '../../support/open-selvage';
import { until } from '../../support/until';
import { waitingReason } from '../../support/waiting-reason';
import {
  CHANGED_BODY,
  FINISHED_EDITS,
  WAITING_EDITS,
  elsewhere,
  reached,
  sideBySide,
  type Edit,
} from './edits';

afterEach(closeAll);

const DISPATCHERS = [
  { how: 'queued', options: {} },
  { how: 'in segments', options: { knots: { dispatcher: local() } } },
] as const;
type Options = (typeof DISPATCHERS)[number]['options'];

/** Runs that a worker with the old code has begun and left half-way. */
async function runsInFlight(
  edits: readonly Edit[],
  options: Options,
): Promise<{ selvage: Selvage; runs: readonly RunHandle<object>[] }> {
  const selvage = await connectSelvage();
  const tapestries = edits.map(({ before }) => before(options));
  const old = await startWorker(selvage, {
    tapestries,
    resources: { leaves: true } as never,
    shutdownGraceTime: 50,
  });
  const runs = await Promise.all(
    tapestries.map(async (tapestry) => {
      const runId = unique('deploy');
      reached.set(runId, new Latch());
      return await selvage.start(tapestry, { x: 5 }, { runId });
    }),
  );
  await Promise.all(runs.map(({ runId }) => reached.get(runId)!.passed));
  await old.stop();
  return { selvage, runs };
}

const edited = (
  selvage: Selvage,
  edits: readonly Edit[],
  options: Options,
  others: readonly Tapestry[] = [],
): Promise<RunningWorker> =>
  startWorker(selvage, { tapestries: [...edits.map(({ after }) => after(options)), ...others] });

describe.each(DISPATCHERS)('$how: a tapestry is edited under runs in flight', ({ options }) => {
  test('each goes on with its own plan in the worker that has the new code; a changed body runs, and its hash is on record', async () => {
    const edits = [...FINISHED_EDITS, CHANGED_BODY];
    const { selvage, runs } = await runsInFlight(edits, options);
    await edited(selvage, edits, options, [elsewhere]);
    const ends = runs.map(async (run, index) => ({
      what: edits[index]!.what,
      values: await run.values(),
      knots: Object.keys(await run.outcomes()),
    }));
    const planned = (tapestry: Tapestry) => planOf(recordOf(tapestry), nodeSha256).plan;
    expect(await Promise.all(ends)).toEqual(
      edits.map(({ what, before, values }) => ({
        what,
        values,
        knots: planned(before(options)).knots.map(({ id }) => id),
      })),
    );
    const inline = (tapestry: Tapestry) =>
      planned(tapestry).definitions.find(({ name }) => name === 'inline')!.codeHash;
    const items = await runs.at(-1)!.lineage({ knotId: 'inline' });
    expect(items).toMatchObject([{ code_hash: inline(CHANGED_BODY.after(options)) }]);
    expect(items[0]!.code_hash).not.toBe(inline(CHANGED_BODY.before(options)));
  });

  test('what the new code has not waits, says why, and goes on when a worker has the old code again', async () => {
    const { selvage, runs } = await runsInFlight(WAITING_EDITS, options);
    const worker = await edited(selvage, WAITING_EDITS, options);
    for (const [index, { waiting, because }] of WAITING_EDITS.entries()) {
      const run = runs[index]!;
      expect(await until(`${waiting} waits`, () => waitingReason(selvage, run, waiting))).toMatch(because);
      const shown = await until(`status() says why ${waiting} waits`, async () =>
        (await run.status()).waiting?.knots.find(
          ({ knotId, reason }) => knotId === waiting && /^(BodyMissing|CodeChanged)$/.test(reason.code),
        ),
      );
      expect(shown.reason.message).toMatch(because);
    }
    await worker.stop();
    await startWorker(selvage, { tapestries: WAITING_EDITS.map(({ before }) => before(options)) });
    expect(await Promise.all(runs.map((run) => run.values()))).toEqual(
      WAITING_EDITS.map(({ values }) => values),
    );
  });
});

test('workers with two versions of a tapestry poll one queue: each run ends with the bodies of its version', async () => {
  const selvage = await connectSelvage();
  const versions = ['1', '2'] as const;
  await Promise.all(versions.map((version) => startWorker(selvage, { tapestries: [sideBySide(version)] })));
  const ends = versions.map(async (version) => {
    const run = await selvage.start(sideBySide(version), { x: 5 });
    const values = await run.values();
    const items = await run.lineage({ knotId: 'price' });
    return { values, version: items[0]!.definition_version };
  });
  expect(await Promise.all(ends)).toEqual([
    { values: { price: 15 }, version: '1' },
    { values: { price: 20 }, version: '2' },
  ]);
});
