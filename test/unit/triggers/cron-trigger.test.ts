import { z } from 'zod';
import { cronTrigger, knot, schedule, tapestry } from '../../../src';
import { CronTrigger, type CronClock } from '../../../src/adapters/cron';
import { SelvageError } from '../../../src/errors';
import { runPlanned } from '../../../src/testing';
import type { Acceptance, TriggerEvent, TriggerHost } from '../../../src/triggers';
import { rejectionOf } from '../../support/rejection-of';
import { thrownBy } from '../../support/thrown-by';

const START = Date.parse('2026-01-01T00:00:03Z');

/** Time passes by sleeping, and by what is done in between. */
function simulated(): CronClock & { pass(milliseconds: number): void } {
  let now = START;
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** Stops the trigger after so many accepted events. */
async function deliver(
  seconds: number,
  events: number,
  during: (event: TriggerEvent, clock: ReturnType<typeof simulated>) => Acceptance | void = () => {},
): Promise<{ keys: string[]; lost: number; troubles: (string | undefined)[] }> {
  const clock = simulated();
  const stop = new AbortController();
  const told = { keys: [] as string[], lost: 0, troubles: [] as (string | undefined)[] };
  const host: TriggerHost = {
    signal: stop.signal,
    accept: async ([event]) => {
      const accepted = during(event!, clock);
      told.keys.push(event!.key);
      if (told.keys.length === events) stop.abort();
      return [accepted ?? ({ status: 'started', runId: 'run' } satisfies Acceptance)];
    },
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    metrics: {
      count: (what, count = 1) => {
        if (what === 'lost') told.lost += count;
      },
      lag: () => {},
      latency: () => {},
    },
    trouble: (error) => told.troubles.push(error?.code),
  };
  const declared = cronTrigger({ everySeconds: seconds, parameters: { a: 1 } });
  await new CronTrigger(declared, clock).run(host);
  return told;
}

describe('CronTrigger', () => {
  it('delivers at multiples of the distance, whenever it was started', async () => {
    const { keys, lost } = await deliver(10, 3);
    expect(keys).toEqual([
      '2026-01-01T00:00:10.000Z',
      '2026-01-01T00:00:20.000Z',
      '2026-01-01T00:00:30.000Z',
    ]);
    expect(lost).toBe(0);
  });

  it('counts as lost what passes while an event is accepted', async () => {
    const { keys, lost } = await deliver(10, 2, (event, clock) => {
      if (event.key.endsWith('10.000Z')) clock.pass(35_000);
    });
    expect(keys).toEqual(['2026-01-01T00:00:10.000Z', '2026-01-01T00:00:40.000Z']);
    expect(lost).toBe(2);
  });

  it('delivers an event again until it is accepted, and says what the matter is', async () => {
    let failures = 2;
    const { keys, troubles } = await deliver(60, 1, () => {
      if (failures-- > 0) throw new SelvageError('BackendUnavailable', 'away');
    });
    expect(keys).toEqual(['2026-01-01T00:01:00.000Z']);
    expect(troubles).toEqual(['BackendUnavailable', 'BackendUnavailable', undefined]);
  });
});

describe('an event that is refused', () => {
  it('is told, and the next one is delivered', async () => {
    const error = new SelvageError('InvalidParameters', 'missing parameter "b"');
    const { keys, troubles } = await deliver(60, 2, ({ key }) =>
      key.endsWith('01:00.000Z') ? { status: 'refused', error } : undefined,
    );
    expect(keys).toHaveLength(2);
    expect(troubles).toEqual(['InvalidParameters', undefined]);
  });
});

describe('cronTrigger', () => {
  it('has an id by its distance', () => {
    expect(cronTrigger({ everySeconds: 60 })).toMatchObject({ kind: 'cron', id: 'every-60s' });
  });

  it.each([
    ['none', {}, 'MissingPart'],
    ['zero', { everySeconds: 0 }, 'WrongValue'],
    ['a text', { everySeconds: '60' }, 'WrongValue'],
    ['an option that there is not', { everySeconds: 60, cron: '* * * * *' }, 'UnknownOption'],
    ['what is no tapestry', { everySeconds: 60, tapestry: {} }, 'WrongValue'],
    ['a list of parameters', { everySeconds: 60, parameters: [] }, 'WrongValue'],
  ])('refuses %s', (_, options, reason) => {
    expect(thrownBy(() => cronTrigger(options as never))).toMatchObject({
      code: 'InvalidConfig',
      details: { reason },
    });
  });
});

describe('runPlanned', () => {
  const show = knot('show', ({ city, at }: { city: string; at: string }) => `${city} ${at}`);
  const weather = tapestry(
    'weather',
    { parameters: { city: z.string(), at: z.iso.datetime() } },
    (_, { city, at }) => ({
      shown: show({ city, at }, { id: 'shown' }),
    }),
  );

  it('runs what a schedule would start', async () => {
    const nightly = schedule(weather, {
      id: 'nightly',
      cron: '30 2 * * *',
      timezone: 'Europe/Berlin',
      parameters: { city: 'Bern' },
      plannedTime: 'at',
    });
    const made = await runPlanned(nightly, { from: new Date('2026-03-28T00:00Z'), runs: 2 });
    expect(made.map(({ result }) => result.values['shown'])).toEqual([
      'Bern 2026-03-28T01:30:00.000Z',
      'Bern 2026-03-30T00:30:00.000Z',
    ]);
  });

  it('runs what a cronTrigger would start', async () => {
    const often = cronTrigger({
      everySeconds: 30,
      tapestry: weather,
      parameters: { city: 'Bern', at: '2026-01-01T00:00:00Z' },
    });
    const made = await runPlanned(often, { from: new Date(START), runs: 2 });
    expect(made.map(({ planned }) => planned.toISOString())).toEqual([
      '2026-01-01T00:00:30.000Z',
      '2026-01-01T00:01:00.000Z',
    ]);
    expect(made[0]!.result.succeeded).toBe(true);
    expect(
      await rejectionOf(runPlanned(cronTrigger({ everySeconds: 30 }), { from: new Date(START) })),
    ).toMatchObject({ code: 'InvalidConfig', details: { option: 'tapestry' } });
  });
});
