import { SelvageError } from '../../../src';
import type { RunHandle, Selvage } from '../../../src/client';
import { closeAll, openSelvage, unique } from '../../support/open-selvage';
import { canonicalOf, canonicalResult } from '../canonical';
import { expectGolden, type Golden } from '../golden-file';
import { subjectsOn, type Placement, type Subject } from '../tapestries';

/** A safety net. */
const LIMIT_MS = 900_000;
/** So often at most a subject runs. */
const TIMES = 4;
/** Runs at once. */
const WINDOW = 40;

afterEach(closeAll);

test.each(['queue', 'segments', 'batches'] satisfies Placement[])(
  'runs on Temporal, with their knots in %s, come to what is recorded of them',
  async (placement) => {
    const subjects = subjectsOn(placement);
    // Two of their definitions have one name.
    const [random, special] = [
      subjects.filter(({ recipe }) => recipe),
      subjects.filter(({ recipe }) => !recipe),
    ];
    const both = await Promise.all([random, special].map(runsOfAll));
    expectGolden(placement, Object.assign({}, ...both) as Golden);
  },
  LIMIT_MS,
);

/** A busy server gives up attempts that were not lost, and bodies know the number of their attempt: what that befell runs again. */
async function runsOfAll(subjects: readonly Subject[]): Promise<Golden> {
  let golden = await runOnce(subjects);
  for (let time = 1; time < TIMES; time++) {
    const befallen = subjects.filter(({ name }) =>
      [name, `${name}-again`].some((id) => JSON.stringify(golden[id] ?? {}).includes('"WorkerLost"')),
    );
    if (befallen.length === 0) break;
    golden = { ...golden, ...(await runOnce(befallen)) };
  }
  return golden;
}

async function runOnce(subjects: readonly Subject[]): Promise<Golden> {
  const selvage = await openSelvage({ tapestries: subjects.map(({ tapestry }) => tapestry) });
  const prefix = `${unique('run')}-`;
  const results = new Map<string, Record<string, unknown>>();
  const waiting = [...subjects];
  const work = async (): Promise<void> => {
    for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
      for (const id of subject.isReused ? [subject.name, `${subject.name}-again`] : [subject.name])
        results.set(id, await run(selvage, subject, `${prefix}${id}`));
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  const ids = [...results.keys()].sort();
  const records = await canonicalOf(
    selvage.backends,
    ids.map((id) => `${prefix}${id}`),
    (runId) => ({
      prefix,
      hasFixedCode: subjects.some((one) => one.hasFixedCode && runId.includes(one.name)),
    }),
  );
  return Object.fromEntries(
    ids.map((id) => [id, { result: results.get(id)!, ...records[`${prefix}${id}`] }]),
  );
}

/** What the caller sees, and the server. */
async function run(
  selvage: Selvage,
  { tapestry, parameters, signals }: Subject,
  runId: string,
): Promise<Record<string, unknown>> {
  const handle = await selvage.start(tapestry, parameters, { runId });
  for (const [signal, payload] of Object.entries(signals)) await tell(handle, signal, payload);
  const result = await handle.result();
  const { status } = await selvage.client.workflow.getHandle(runId).describe();
  return { ...canonicalResult(result), workflow: status.name };
}

/** Where the knot that waits for it was skipped, the run may be over before it comes. */
async function tell(run: Pick<RunHandle, 'signal'>, name: string, payload: unknown): Promise<void> {
  await run.signal(name, payload).catch((error: unknown) => {
    const isLate = SelvageError.is(error) && ['RunOver', 'SignalTooLate'].includes(error.code);
    if (!isLate) throw error;
  });
}
