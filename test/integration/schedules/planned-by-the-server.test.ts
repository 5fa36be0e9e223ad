import * as fc from 'fast-check';
import { knot, schedule, tapestry } from '../../../src';
import type { Selvage } from '../../../src/client';
import { planOfSchedule, plannedTimes } from '../../../src/triggers';
import { SCHEDULERS, startServerWith } from '../../support/schedulers';
import { closeAll, connectSelvage, unique } from '../../support/open-selvage';
import type { TestServer } from '../../support/temporal-server';
import { runs } from '../../support/thorough';

const nothing = knot('nothing', () => null);
const idle = tapestry('idle', () => ({ nothing: nothing({}, { id: 'nothing' }) }));

/** Clocks that change by an hour in the night, at midnight, in the south, by half an hour, and never. */
const ZONES = ['Europe/Berlin', 'Africa/Cairo', 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const DAY_MS = 86_400_000;
/** Some of them change their clocks then. */
const WINDOWS = [
  '2026-03-27',
  '2026-04-03',
  '2026-04-23',
  '2026-09-04',
  '2026-10-02',
  '2026-10-23',
  '2026-12-30',
];

/** The server leaves out times then: see known-issues.test.ts. */
const LEFT_OUT = ['Europe/Berlin 2026-10-23', 'America/Santiago 2026-09-04'];

const field = (low: number, high: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: low, max: high }).map(String) },
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: Math.min(9, high) }).map((step) => `*/${step}`) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: low, max: high })
        .chain((from) => fc.integer({ min: from, max: high }).map((to) => `${from}-${to}`)),
    },
  );
const cron = fc
  .tuple(fc.integer({ min: 0, max: 59 }), field(0, 4), field(1, 28), field(1, 12), field(0, 6))
  .map((fields) => fields.join(' '));

async function onServer({ client }: Selvage, id: string, from: number, to: number): Promise<number[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId: id,
    startTime: { seconds: from / 1000 },
    endTime: { seconds: to / 1000 },
  } as never);
  return (startTime ?? []).map(({ seconds }) => Number(seconds) * 1000);
}

function ours(declared: ReturnType<typeof schedule>, from: number, to: number): number[] {
  const times: number[] = [];
  for (const time of plannedTimes(planOfSchedule(declared.options), from)) {
    if (time > to) break;
    times.push(time);
  }
  return times;
}

describe.each(SCHEDULERS)('scheduler %s', (scheduler) => {
  let server: TestServer;
  let selvage: Selvage;
  beforeAll(async () => {
    server = await startServerWith(scheduler);
    selvage = await connectSelvage({ address: server.address });
  });
  afterAll(async () => {
    await closeAll();
    await server.stop();
  });

  it('plans the times that a preview says, and keeps what was declared', async () => {
    await fc.assert(
      fc.asyncProperty(
        cron,
        fc.constantFrom(...ZONES.filter((zone) => zone !== 'Australia/Lord_Howe')),
        fc.constantFrom(...WINDOWS),
        async (expression, timezone, window) => {
          fc.pre(!LEFT_OUT.includes(`${timezone} ${window}`));
          const id = unique('plan');
          const declared = schedule(idle, { id, cron: expression, timezone });
          await selvage.schedules.deploy([declared]);
          expect(await selvage.schedules.compare([declared])).toMatchObject([{ change: 'same' }]);
          const from = Date.parse(`${window}T00:00Z`);
          const to = from + 4 * DAY_MS;
          expect(await onServer(selvage, id, from, to)).toEqual(ours(declared, from, to));
          await selvage.schedules.delete(id);
        },
      ),
      { numRuns: runs(25, 300) },
    );
  });

  it('plans equal distances as a preview says', async () => {
    const id = unique('every');
    const declared = schedule(idle, { id, every: '37m', offset: '90s' });
    await selvage.schedules.deploy([declared]);
    const from = Date.parse('2026-03-29T00:00Z');
    expect(await onServer(selvage, id, from, from + DAY_MS)).toEqual(ours(declared, from, from + DAY_MS));
  });
});
