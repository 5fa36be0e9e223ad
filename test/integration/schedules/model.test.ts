import * as fc from 'fast-check';
import { OVERLAPS } from '../../../src/triggers';
import { knot, schedule, tapestry, type Overlap, type ScheduleDeclaration } from '../../../src';
import type { Selvage } from '../../../src/client';
import { SCHEDULERS, schedulerOf, startServerWith, type Scheduler } from '../../support/schedulers';
import { closeAll, connectSelvage, unique } from '../../support/open-selvage';
import type { TestServer } from '../../support/temporal-server';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';
import { ScheduleModel } from './model';

/** A case waits for the second of each of its ticks. */
const LIMIT_MS = runs(300_000, 1_200_000);
const nothing = knot('nothing', () => null);
const idle = tapestry('idle', () => ({ nothing: nothing({}, { id: 'nothing' }) }));

/** A schedule on a server. No worker takes up its runs, so that each is open until it is ended. */
class RealSchedule {
  private readonly id = unique('model');
  private readonly runs = new Set<string>();
  private asked = 0;
  private upcoming: Date | undefined;
  /** That of the last tick, since 1970. */
  private second = 0;

  constructor(
    private readonly selvage: Selvage,
    private readonly scheduler: Scheduler,
  ) {}

  /** Times of which none is to start a run, whatever is deployed; and one that is yet to come. */
  private declare(overlap: Overlap): ScheduleDeclaration {
    const past = new Date(Date.now() - 60_000);
    const at = (time: Date): object => ({
      year: time.getUTCFullYear(),
      month: time.getUTCMonth() + 1,
      dayOfMonth: time.getUTCDate(),
      hour: time.getUTCHours(),
      minute: time.getUTCMinutes(),
      second: time.getUTCSeconds(),
    });
    const longAgo = { year: 2020, month: 1, hour: '*' };
    const calendar = [longAgo, at(past), ...(this.upcoming ? [at(this.upcoming)] : [])];
    return schedule(idle, { id: this.id, calendar, overlap, catchup: '1h' });
  }

  async deploy(overlap: Overlap): Promise<void> {
    await this.selvage.schedules.deploy([this.declare(overlap)]);
  }

  async requireScheduler(): Promise<void> {
    expect(await schedulerOf(this.selvage.client, this.id)).toBe(this.scheduler);
  }

  /** Deploys a time that is about to come, and waits until the server has come to it; answers whether the deploy was there before it. */
  async tick(overlap: Overlap): Promise<boolean> {
    const time = Math.ceil(Date.now() / 1000) * 1000 + 2_000;
    this.upcoming = new Date(time);
    this.second = time / 1000;
    await this.deploy(overlap);
    const { updatedAt, createdAt } = await this.selvage.schedules.show(this.id);
    await until('the time has come', () => Date.now() > time);
    // Not all that it does then is to be seen in the counts. A paused schedule has no next times.
    await until('the server has come to the time', async () => {
      const { nextAt } = await this.selvage.schedules.show(this.id);
      return !nextAt.includes(time);
    });
    return (updatedAt ?? createdAt) < time;
  }

  async ask(count: number, overlap: Overlap): Promise<void> {
    const first = Date.UTC(2020, 0, 1) + this.asked * 3_600_000;
    this.asked += count;
    await this.selvage.client.schedule.getHandle(this.id).backfill({
      start: new Date(first),
      end: new Date(first + (count - 1) * 3_600_000),
      overlap: overlap.replace('-', '_').toUpperCase() as 'SKIP',
    });
  }

  async trigger(overlap: Overlap): Promise<void> {
    // Runs have the name of their second: what is asked for in that of a planned time that waits would take its name.
    await until('a second of its own', () => Math.floor(Date.now() / 1000) > this.second);
    await this.selvage.schedules.trigger(this.id, { overlap });
  }

  /** Asks for a run that the server drops without a word. */
  async triggerInVain(overlap: Overlap): Promise<void> {
    await expect(this.trigger(overlap)).rejects.toMatchObject({
      code: 'ScheduleUnanswered',
      message: expect.stringContaining('drops a run') as string,
    });
  }

  async pause(note: string): Promise<void> {
    await this.selvage.schedules.pause(this.id, note);
  }

  async resume(note: string): Promise<void> {
    await this.selvage.schedules.resume(this.id, note);
  }

  /** Ends all runs that are open. */
  async complete(): Promise<void> {
    for (const runId of this.runs) {
      await this.selvage.client.workflow
        .getHandle(runId)
        .terminate()
        .catch(() => undefined);
    }
  }

  /** Waits until the server says what the model says; then what it says is compared. */
  async agree(model: ScheduleModel): Promise<void> {
    const look = async (): Promise<object> => {
      const { counts, running, paused, note, recent } = await this.selvage.schedules.show(this.id);
      for (const { runId } of recent) this.runs.add(runId);
      return { ...counts, running: running.length, paused, note };
    };
    const wanted = { ...model.observed, note: model.note, missed: 0 };
    let seen: object = {};
    await until(
      'server and model agree',
      async () => {
        seen = await look();
        return JSON.stringify(seen) === JSON.stringify({ ...seen, ...wanted });
      },
      20_000,
    ).catch(() => undefined);
    expect(seen).toEqual(wanted);
  }

  async delete(): Promise<void> {
    await this.complete();
    await this.selvage.schedules.delete(this.id);
  }
}

type Step = fc.AsyncCommand<ScheduleModel, RealSchedule>;

const step = (
  text: string,
  check: (model: ScheduleModel) => boolean,
  run: (model: ScheduleModel, real: RealSchedule) => Promise<void>,
): Step => ({
  check,
  run: async (model, real) => {
    await run(model, real);
    await real.agree(model);
  },
  toString: () => text,
});

/** What follows must find the effects of the update: what it lets start or ends. */
async function update(overlap: Overlap, model: ScheduleModel, real: RealSchedule): Promise<void> {
  model.update(overlap);
  await real.deploy(overlap);
  await real.agree(model);
}

const overlaps = fc.constantFrom<Overlap>(...OVERLAPS);
const STEPS: readonly fc.Arbitrary<Step>[] = [
  overlaps.map((overlap) =>
    step(
      `tick(${overlap})`,
      () => true,
      async (model, real) => {
        await update(overlap, model, real);
        if (await real.tick(overlap)) model.tick();
      },
    ),
  ),
  overlaps.map((overlap) =>
    step(
      `trigger(${overlap})`,
      // The client waits 30 s for each one that is dropped.
      (model) => model.started < 25 && model.dropped < 2,
      async (model, real) => {
        const { dropped } = model;
        model.ask(1, overlap);
        await (model.dropped > dropped ? real.triggerInVain(overlap) : real.trigger(overlap));
      },
    ),
  ),
  fc.tuple(fc.integer({ min: 1, max: 3 }), overlaps).map(([count, overlap]) =>
    step(
      `ask(${count}, ${overlap})`,
      (model) => model.started < 25,
      async (model, real) => {
        model.ask(count, overlap);
        await real.ask(count, overlap);
      },
    ),
  ),
  overlaps.map((overlap) =>
    step(
      `update(${overlap})`,
      () => true,
      async (model, real) => await update(overlap, model, real),
    ),
  ),
  fc.constant(
    step(
      'pause',
      (model) => !model.paused,
      async (model, real) => {
        model.paused = true;
        model.note = 'paused';
        await real.pause('paused');
      },
    ),
  ),
  fc.constant(
    step(
      'resume',
      (model) => model.paused,
      async (model, real) => {
        model.paused = false;
        model.note = 'resumed';
        await real.resume('resumed');
      },
    ),
  ),
  fc.constant(
    step(
      'complete',
      (model) => model.isAnyOpen,
      async (model, real) => {
        model.complete();
        await real.complete();
      },
    ),
  ),
];

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

  it(
    'does with a schedule what the model does',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands([...STEPS], { maxCommands: 9 }), async (steps) => {
          const real = new RealSchedule(selvage, scheduler);
          const model = new ScheduleModel(scheduler);
          await real.deploy(model.overlap);
          await real.requireScheduler();
          await fc.asyncModelRun(() => ({ model, real }), steps);
          // What was planned before, and was to start nothing, would have started by the time that this one does.
          if (model.paused) {
            model.paused = false;
            model.note = 'at the end';
            await real.resume('at the end');
          }
          await update('allow-all', model, real);
          if (await real.tick('allow-all')) model.tick();
          await real.agree(model);
          await real.delete();
        }),
        { numRuns: runs(5, 60), endOnFailure: true },
      );
    },
    LIMIT_MS,
  );
});
