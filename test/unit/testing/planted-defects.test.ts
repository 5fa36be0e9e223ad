import { knot, local, tapestry, type Knot, type KnotConfig } from '../../../src';
import {
  Scheduler,
  type Command,
  type SavedScheduler,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../../../src/scheduler';
import type { CommitResult, LineageRecord } from '../../../src/ports';
import { REAL_PARTS, type SimulatedParts } from '../../../src/testing/simulator/parts';
import { simulateWith, type SimulateOptions } from '../../../src/testing/simulator/simulate';
import { SimulatedStore } from '../../../src/testing/simulator/store';
import type { Slot } from '../../../src/workflows/slot';
import { rejectionOf } from '../../support/rejection-of';

/*
 * That the simulator finds what is wrong: each test plants a defect, in the scheduler or in the store, and sees that it is
 * found, told for what it is, and shown by the smallest schedule.
 */

const step = knot('step', (inputs: Record<string, unknown>) => Object.keys(inputs).length);

function diamond(options: Partial<KnotConfig> = {}) {
  return tapestry('diamond', () => {
    const at = (id: string, inputs: Record<string, Knot<number>>) => step(inputs, { id, ...options });
    const a = at('a', {});
    const b = at('b', { a });
    const c = at('c', { a });
    return { d: at('d', { b, c }) };
  });
}

interface Found {
  readonly code: string;
  readonly message: string;
  readonly details: { readonly violation: string; readonly schedule: string };
}

async function find(
  parts: Partial<SimulatedParts>,
  options: SimulateOptions & { isLocal?: boolean } = {},
): Promise<Found> {
  const { isLocal = false, ...others } = options;
  const work = diamond(isLocal ? { dispatcher: local() } : {});
  const all = { ...REAL_PARTS, ...parts };
  const error = (await rejectionOf(
    simulateWith(all, work, { schedules: 4_000, ...others }),
  )) as unknown as Found;
  // What it shows can be seen again.
  const { schedule } = error.details;
  expect(await rejectionOf(simulateWith(all, work, { schedule }))).toMatchObject({
    code: error.code,
    details: { violation: error.details.violation, schedule },
  });
  return error;
}

test('parts without a defect pass', async () => {
  const work = diamond({ dispatcher: local() });
  await simulateWith(REAL_PARTS, work, { schedules: 2_000, cancel: true });
});

describe('in the store:', () => {
  class WithoutAdoption extends SimulatedStore {
    override lookUp(run: string, knot: string): LineageRecord | undefined {
      const record = super.lookUp(run, knot);
      // What the run itself has recorded is there.
      return record?.dispatcher === 'workflow' ? record : undefined;
    }
  }

  test('no attempt at a knot looks for what an earlier one has recorded', async () => {
    const error = await find({ createStore: () => new WithoutAdoption() });
    expect(error).toMatchObject({
      code: 'SimulationFailed',
      details: { violation: 'ran again', schedule: 'kill@answer:a' },
    });
    expect(error.message).toContain('1. the worker is killed after the record of "a" is inserted\n');
  });

  test('no attempt at a segment looks for what an earlier one has recorded', async () => {
    const error = await find({ createStore: () => new WithoutAdoption() }, { isLocal: true, segments: true });
    expect(error.details.violation).toBe('ran again');
    expect(error.details.schedule).toMatch(/^segments kill@\w+:\w+$/);
    expect(error.message).toContain('1. local knots go out in segments\n');
  });

  test('a commit inserts also where a record is there', async () => {
    class WithoutIfAbsent extends SimulatedStore {
      override insert(record: LineageRecord): CommitResult {
        this.replace(record);
        return { inserted: true, record };
      }
    }
    const error = await find({ createStore: () => new WithoutIfAbsent() });
    expect(error).toMatchObject({ details: { violation: 'two records', schedule: 'giveUp@return:a' } });
    expect(error.message).toContain(
      '1. the server gives the attempt up in the body of "a", and it goes on beside the next one',
    );
  });

  test('an attempt whose insert loses answers its own outcome', async () => {
    class LoserKeepsItsOwn extends SimulatedStore {
      override insert(record: LineageRecord): CommitResult {
        return { ...super.insert(record), record };
      }
    }
    const error = await find({ createStore: () => new LoserKeepsItsOwn() });
    expect(error.details).toMatchObject({ violation: 'wrong value' });
    expect(error.details.schedule).toMatch(/^giveUp@return:\w$/);
  });

  test('a value is lost', async () => {
    class Forgetful extends SimulatedStore {
      override put(): void {
        // Says that it has done it.
      }
    }
    const error = await find({ createStore: () => new Forgetful() });
    expect(error.details).toMatchObject({ violation: 'value missing', schedule: '' });
    expect(error.message).toContain('1. nothing strikes');
  });

  test('a record is lost', async () => {
    class Forgetful extends SimulatedStore {
      override insert(record: LineageRecord): CommitResult {
        if (record.outcome === 'skipped') return { inserted: false, record };
        return super.insert(record);
      }
    }
    const error = await find({ createStore: () => new Forgetful() });
    // Nothing is skipped unless something fails.
    expect(error.details).toMatchObject({ violation: 'no record', schedule: 'fail:a' });
    expect(error.message).toContain('1. the body of "a" fails');
  });
});

describe('in the scheduler:', () => {
  const withScheduler = (
    change: (commands: Command[], event: SchedulerEvent<Slot>) => Command[],
  ): Partial<SimulatedParts> => ({
    createScheduler: (layout, options) => changed(new Scheduler<Slot>(layout, options), change),
    restoreScheduler: (layout, saved, options) => {
      const restored = Scheduler.restore<Slot>(layout, saved, options);
      return { ...restored, scheduler: changed(restored.scheduler, change) };
    },
  });

  function changed(
    scheduler: Scheduler<Slot>,
    change: (commands: Command[], event: SchedulerEvent<Slot>) => Command[],
  ): Scheduler<Slot> {
    const apply = scheduler.apply.bind(scheduler);
    scheduler.apply = (event) => change(apply(event), event);
    return scheduler;
  }

  const runs = (command: Command, knot: number): boolean =>
    command.type === 'run' && command.knots.includes(knot);
  const B = 1;
  const D = 3;

  test('a parent is counted twice, so that its child runs too early', async () => {
    const error = await find(
      withScheduler((commands, event) => {
        if (event.type !== 'settled' || event.knot !== B) return commands;
        return commands.some((command) => runs(command, D))
          ? commands
          : [...commands, { type: 'run', knots: [D] }];
      }),
    );
    expect(error.details).toMatchObject({ violation: 'wrong command', schedule: '' });
    expect(error.message).toContain('"d" was dispatched before its parent was Ok');
  });

  test('an error of a parent is forgotten where another one ends later', async () => {
    let failed = false;
    const error = await find(
      withScheduler((commands, event) => {
        if (event.type === 'start') failed = false;
        if (event.type === 'settled' && event.outcome.kind === 'err') failed = event.knot === B;
        return failed ? commands.filter(({ type }) => type !== 'skip') : commands;
      }),
    );
    expect(error.details).toMatchObject({ violation: 'wrong command', schedule: 'fail:b' });
  });

  test('a command is lost, and the run never ends', async () => {
    const error = await find(withScheduler((commands) => commands.filter((command) => !runs(command, D))));
    expect(error.details).toMatchObject({ violation: 'never ends', schedule: '' });
    expect(error.message).toContain('knot "d" is not settled');
  });

  test('commands depend on more than the events', async () => {
    let made = 0;
    const error = await find(
      withScheduler((commands) =>
        commands.map((command) =>
          command.type === 'run' && command.knots.length > 1 && made++ % 2 === 1
            ? { ...command, knots: [...command.knots].reverse() }
            : command,
        ),
      ),
    );
    expect(error.details).toMatchObject({ violation: 'not deterministic', schedule: '' });
  });

  test('a save forgets what came to an end', async () => {
    const error = await find({
      restoreScheduler: (layout, saved: SavedScheduler<Slot>, options: SchedulerOptions) =>
        Scheduler.restore<Slot>(layout, { ...saved, outcomes: 'AA', values: [] }, options),
    });
    expect(error.details).toMatchObject({ violation: 'wrong command', schedule: 'suggest@start:a' });
    expect(error.message).toContain(
      'the server suggests before the run starts that the run and its child runs continue as new',
    );
  });

  test('a schedule by chance is shrunk to the blow that matters', async () => {
    let isHeld = false;
    const error = await find(
      withScheduler((commands, event) => {
        if (event.type === 'start') isHeld = false;
        if (event.type === 'hold') isHeld = true;
        return isHeld ? commands.filter(({ type }) => type !== 'finish') : commands;
      }),
      { crash: 'random' },
    );
    expect(error.details.violation).toBe('never ends');
    expect(error.details.schedule).toMatch(/^(suggest|continue)@\S+$/);
  });
});
