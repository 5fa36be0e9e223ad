import { z } from 'zod';
import { knot, schedule, tapestry, type Overlap } from '../../../src';
import { thrownBy } from '../../support/thrown-by';

const show = knot('show', ({ city }: { city: string }) => city);
const weather = tapestry('weather', { parameters: { city: z.string(), at: z.date() } }, (_, { city }) => ({
  shown: show({ city }, { id: 'shown' }),
}));

describe('schedule', () => {
  it('has its defaults', () => {
    const nightly = schedule(weather, {
      id: 'nightly',
      cron: ' 0 2 * * * ',
      parameters: { city: 'Bern' },
      plannedTime: 'at',
    });
    expect(nightly).toMatchObject({ kind: 'schedule', id: 'nightly', tapestry: weather });
    expect(nightly.options).toEqual({
      cron: ['0 2 * * *'],
      timezone: 'UTC',
      overlap: 'skip',
      catchupMs: 86_400_000,
      jitterMs: 0,
      parameters: { city: 'Bern' },
      plannedTime: 'at',
      pin: false,
      tags: [],
    });
  });

  it('reads lengths of time', () => {
    const { options } = schedule(weather, {
      id: 'often',
      every: '15m',
      offset: '30s',
      catchup: '2h',
      jitter: 1_500,
      parameters: { city: 'Bern' },
      plannedTime: 'at',
    });
    expect(options).toMatchObject({
      everyMs: 900_000,
      offsetMs: 30_000,
      catchupMs: 7_200_000,
      jitterMs: 1_500,
    });
  });

  const good = { id: 'nightly', cron: '0 2 * * *', parameters: { city: 'Bern' }, plannedTime: 'at' } as const;
  const wrong: readonly [what: string, options: object, names: RegExp, reason?: string][] = [
    ['no times', { cron: undefined }, /says no times/, 'MissingPart'],
    ['several kinds of times', { every: '1h' }, /in several ways/, 'Conflict'],
    ['a cron of four fields', { cron: '0 2 * *' }, /4 fields and not five/],
    ['a cron of six fields', { cron: '0 0 2 * * *' }, /6 fields.*"calendar"/],
    ['a minute that there is not', { cron: '61 2 * * *' }, /minute: 61/],
    ['what the server does not know', { cron: '0 2 L * *' }, /"L" as dayOfMonth/],
    ['an interval in a cron', { cron: '@every 5m' }, /option "every"/],
    ['a time zone in a cron', { cron: 'CRON_TZ=Europe/Berlin 0 2 * * *' }, /option "timezone"/],
    ['a nickname that there is not', { cron: '@nightly' }, /no nickname.*@daily/],
    ['a day that never comes', { cron: '0 2 31 2 *' }, /no day of any year/],
    ['no expression', { cron: [] }, /must have an expression/],
    ['a number as cron', { cron: 5 }, /"cron".*and is 5/],
    ['an unknown field', { cron: undefined, calendar: { hours: 2 } }, /"hours".*no field/],
    ['a list as calendar', { cron: undefined, calendar: 'daily' }, /must be an object/],
    ['a time zone that there is not', { timezone: 'Europe/Bärn' }, /"timezone".*name of a time zone/],
    [
      'a timezone of distances',
      { cron: undefined, every: '1h', timezone: 'Europe/Berlin' },
      /"timezone"/,
      'NotApplicable',
    ],
    ['an offset of a cron', { offset: '1m' }, /"offset".*"every" only/, 'NotApplicable'],
    ['an unknown policy', { overlap: 'queue' as Overlap }, /"overlap".*"skip", "buffer-one"/],
    ['a catchup that is too short', { catchup: '5s' }, /"catchup".*10 seconds or more/],
    ['a length of time that is none', { jitter: 'soon' }, /"jitter".*"90s"/],
    ['parts of seconds', { cron: undefined, every: 1_500 }, /"every".*whole seconds/],
    ['a parameter that there is not', { parameters: { town: 'Bern' } }, /"town".*it has city, at/],
    ['a planned time for no parameter', { plannedTime: 'when' }, /"when".*no parameter/],
    [
      'a planned time that is given',
      { parameters: { city: 'Bern', at: new Date(0) } },
      /gives, too/,
      'Conflict',
    ],
    ['an option that there is not', { time: '02:00' }, /"time".*is no option/, 'UnknownOption'],
    ['tags of several lines', { tags: ['a\nb'] }, /"tags"/],
  ];
  it.each(wrong)('refuses %s', (_, options, names, reason = 'WrongValue') => {
    const error = thrownBy(() => schedule(weather, { ...good, ...options } as never));
    expect(error).toMatchObject({ code: 'InvalidConfig', details: { reason } });
    expect((error as Error).message).toMatch(names);
    expect((error as Error).message).toContain('schedule:nightly');
  });

  it('refuses a name that cannot be one of a schedule', () => {
    expect(thrownBy(() => schedule(weather, { ...good, id: 'two words' }))).toMatchObject({
      code: 'InvalidName',
    });
  });

  it('refuses what is no tapestry', () => {
    expect(thrownBy(() => schedule({} as typeof weather, good))).toMatchObject({ code: 'InvalidConfig' });
  });
});
