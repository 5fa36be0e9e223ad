import { Zone } from '../../../src/partitions';
import { oddTimes, plannedTimes, rulesOfCron, ruleOfCalendar, cronText } from '../../../src/triggers';

function next(cron: string, timezone: string, from: string, count: number): string[] {
  const found: string[] = [];
  for (const time of plannedTimes({ rules: rulesOfCron(cron), timezone }, Date.parse(from))) {
    found.push(new Date(time).toISOString());
    if (found.length === count) break;
  }
  return found;
}

describe('plannedTimes', () => {
  it('skips a time that the clock jumps over, and plans one that comes twice twice', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-30T00:30:00.000Z',
      '2026-03-31T00:30:00.000Z',
    ]);
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 3)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('goes on within a repeated hour', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30Z', 1)).toEqual(['2026-10-25T01:30:00.000Z']);
  });

  it('matches days of the month or of the week, as crontab does, where both are restricted', () => {
    expect(next('0 0 13 * FRI', 'UTC', '2026-11-01T00:00Z', 4)).toEqual([
      '2026-11-06T00:00:00.000Z',
      '2026-11-13T00:00:00.000Z',
      '2026-11-20T00:00:00.000Z',
      '2026-11-27T00:00:00.000Z',
    ]);
    // A field that begins with a star restricts nothing in this sense.
    expect(next('0 0 */2 * FRI', 'UTC', '2026-11-01T00:00Z', 2)).toEqual([
      '2026-11-13T00:00:00.000Z',
      '2026-11-27T00:00:00.000Z',
    ]);
  });

  it('finds what is far away, and ends where there is nothing', () => {
    expect(next('0 0 29 2 *', 'UTC', '2096-03-01T00:00Z', 1)).toEqual(['2104-02-29T00:00:00.000Z']);
    const past = { rules: [ruleOfCalendar({ year: 2020 })], timezone: 'UTC' };
    expect([...plannedTimes(past, Date.parse('2026-01-01'))]).toEqual([]);
  });

  it('counts equal distances from the epoch', () => {
    const times = plannedTimes({ everyMs: 900_000, offsetMs: 60_000 }, Date.parse('2026-01-01T00:01:00Z'));
    expect(new Date(times.next().value!).toISOString()).toBe('2026-01-01T00:16:00.000Z');
  });
});

describe('oddTimes', () => {
  it('names what a change of the clock does', () => {
    const plan = { rules: rulesOfCron('30 2 * * *'), timezone: 'Europe/Berlin' };
    const odd = oddTimes(plan, Date.parse('2026-01-01'), Date.parse('2027-01-01'));
    expect(odd.map(({ kind, clock, instants }) => [kind, clock, instants.length])).toEqual([
      ['skipped', '2026-03-29T02:30:00', 0],
      ['twice', '2026-10-25T02:30:00', 2],
    ]);
  });

  it('knows clocks that change by half an hour, and at midnight', () => {
    const lordHowe = { rules: rulesOfCron('45 1 * * *'), timezone: 'Australia/Lord_Howe' };
    expect(oddTimes(lordHowe, Date.parse('2026-03-01'), Date.parse('2026-05-01'))).toMatchObject([
      { kind: 'twice', clock: '2026-04-05T01:45:00' },
    ]);
    const cairo = { rules: rulesOfCron('0 0 * * *'), timezone: 'Africa/Cairo' };
    expect(oddTimes(cairo, Date.parse('2026-04-01'), Date.parse('2026-05-01'))).toMatchObject([
      { kind: 'skipped', clock: '2026-04-24T00:00:00' },
    ]);
  });

  it('has nothing to tell of UTC', () => {
    const plan = { rules: rulesOfCron('30 2 * * *'), timezone: 'UTC' };
    expect(oddTimes(plan, Date.parse('2026-01-01'), Date.parse('2027-01-01'))).toEqual([]);
  });
});

describe('cronText', () => {
  it.each([
    ['*/15 9-17 * * MON-FRI', '*/15 9-17 * * 1-5'],
    ['0 2 1,15 JAN,MAR *', '0 2 1,15 1,3 *'],
    ['5/20 * * * 7', '5-45/20 * * * 0'],
    ['@weekly', '0 0 * * 0'],
  ])('says %s as %s', (cron, text) => {
    expect(rulesOfCron(cron).map(cronText)).toEqual([text]);
  });

  it('has seven fields where a rule says seconds or years', () => {
    expect(cronText(ruleOfCalendar({ second: [10, 40], hour: 3, year: '2027-2029' }))).toBe(
      '10,40 0 3 * * * 2027-2029',
    );
  });
});

describe('Zone', () => {
  it('knows the instants of what a clock shows', () => {
    const zone = new Zone('America/New_York');
    const local = Date.parse('2026-11-01T01:30:00Z');
    expect(zone.instantsShowing(local).map((time) => new Date(time).toISOString())).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-01T06:30:00.000Z',
    ]);
  });
});
