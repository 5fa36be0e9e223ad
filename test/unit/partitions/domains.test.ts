import { daily, hourly, list, monthly, product, weekly, type PartitionDomain } from '../../../src';

const NOW = Date.parse('2024-06-15T12:00:00Z');
const HOUR = 36e5;

const hoursOf = (domain: PartitionDomain, key: string): number => {
  const { start, end } = domain.windowOf(key)!;
  return (end - start) / HOUR;
};

describe('days', () => {
  test('have 23 or 25 hours where clocks change', () => {
    const berlin = daily('2024-01-01', { timezone: 'Europe/Berlin' });
    expect(['2024-03-30', '2024-03-31', '2024-10-27'].map((key) => hoursOf(berlin, key))).toEqual([
      24, 23, 25,
    ]);
  });

  test('begin at the first of two midnights, and after a midnight that is skipped', () => {
    const havana = daily('2023-01-01', { timezone: 'America/Havana' });
    expect(havana.parse('2023-11-05').start.toISOString()).toBe('2023-11-05T04:00:00.000Z');
    expect(hoursOf(havana, '2023-11-05')).toBe(25);
    const cairo = daily('2023-01-01', { timezone: 'Africa/Cairo' });
    expect(cairo.parse('2023-04-28').start.toISOString()).toBe('2023-04-27T22:00:00.000Z');
    expect(hoursOf(cairo, '2023-04-28')).toBe(23);
  });

  test('are left out where a zone has skipped one', () => {
    const apia = daily('2011-12-28', { timezone: 'Pacific/Apia' });
    expect(apia.keys({ now: NOW, to: '2011-12-31' })).toEqual(['2011-12-28', '2011-12-29', '2011-12-31']);
    expect(apia.previous('2011-12-31')).toBe('2011-12-29');
    expect(() => apia.parse('2011-12-30')).toThrow('clocks in Pacific/Apia have skipped it');
  });

  test('are there when they are over', () => {
    const utc = daily('2024-06-12');
    expect(utc.keys({ now: NOW })).toEqual(['2024-06-12', '2024-06-13', '2024-06-14']);
    expect(utc.keys({ now: Date.parse('2024-06-15T00:00:00Z') - 1 })).toEqual(['2024-06-12', '2024-06-13']);
    expect(utc.keys({ now: 0 })).toEqual([]);
    // A partition that is not over can be asked for by its key.
    expect(utc.parse('2024-06-15').key).toBe('2024-06-15');
    const ended = daily('2024-06-12', { last: '2024-06-13' });
    expect(ended.keys({ now: NOW })).toEqual(['2024-06-12', '2024-06-13']);
    expect(ended.lastClosed(NOW)).toEqual(['2024-06-13']);
  });
});

test('an hour that comes twice has two partitions, and one that is skipped has none', () => {
  const newYork = hourly('2024-01-01', { timezone: 'America/New_York' });
  expect(
    newYork
      .keys({ now: Date.parse('2025-01-01T00:00:00Z'), from: '2024-11-03', to: '2024-11-03' })
      .slice(0, 4),
  ).toEqual(['2024-11-03T00-04:00', '2024-11-03T01-04:00', '2024-11-03T01-05:00', '2024-11-03T02-05:00']);
  expect(newYork.keys({ now: NOW, from: '2024-03-10', to: '2024-03-10' })).toHaveLength(23);
  expect(() => newYork.parse('2024-03-10T02-05:00')).toThrow('America/New_York');
  const utc = hourly('2024-06-15T10Z');
  expect(utc.keys({ now: NOW })).toEqual(['2024-06-15T10Z', '2024-06-15T11Z']);
});

test('where clocks change by half an hour, one hour is that short', () => {
  const lordHowe = hourly('2024-01-01', { timezone: 'Australia/Lord_Howe' });
  const keys = lordHowe.keys({ now: NOW, from: '2024-04-07', to: '2024-04-07' });
  expect(keys.slice(1, 4).map((key) => [key, hoursOf(lordHowe, key)])).toEqual([
    ['2024-04-07T01+11:00', 1],
    ['2024-04-07T01+10:30', 0.5],
    ['2024-04-07T02+10:30', 1],
  ]);
});

test('weeks begin on the day that is said, months on their first', () => {
  expect(weekly('2024-05-27').keys({ now: NOW })).toEqual(['2024-05-27', '2024-06-03']);
  expect(weekly('2024-06-02', { firstDay: 'sunday' }).keys({ now: NOW })).toEqual(['2024-06-02']);
  expect(monthly('2023-12').keys({ now: NOW, from: '2024-04' })).toEqual(['2024-04', '2024-05']);
  expect(monthly('2024-02').parse('2024-02').end.toISOString()).toBe('2024-03-01T00:00:00.000Z');
});

describe('products', () => {
  const domain = product({ day: daily('2024-06-12'), region: list(['eu', 'us']) });

  test('have the partitions of their parts by name', () => {
    expect(domain.keys({ now: NOW, from: '2024-06-13' })).toEqual([
      '2024-06-13|eu',
      '2024-06-13|us',
      '2024-06-14|eu',
      '2024-06-14|us',
    ]);
    expect(domain.parse('2024-06-13|us')).toEqual({
      key: '2024-06-13|us',
      day: { key: '2024-06-13', start: new Date('2024-06-13'), end: new Date('2024-06-14') },
      region: { key: 'us' },
    });
    expect(domain.keys({ now: NOW, from: '2024-06-12|us', to: '2024-06-13|eu' })).toEqual([
      '2024-06-12|us',
      '2024-06-13|eu',
    ]);
  });

  test('go back along the time, and close together', () => {
    expect(domain.previous('2024-06-13|us')).toBe('2024-06-12|us');
    expect(domain.previous('2024-06-12|us')).toBeUndefined();
    expect(domain.lastClosed(NOW)).toEqual(['2024-06-14|eu', '2024-06-14|us']);
    expect(domain.closedBetween(Date.parse('2024-06-13T00:00:00Z'), NOW)).toHaveLength(4);
    expect(product(list(['a', 'b']), list(['x'])).previous('b|x')).toBe('a|x');
  });
});

test('the keys of a list are its type', () => {
  const regions = list(['eu', 'us']);
  expect(regions.keys({ now: 0, from: 'us' })).toEqual(['us']);
  expect([regions.previous('us'), regions.previous('eu'), regions.lastClosed(NOW)]).toEqual([
    'eu',
    undefined,
    [],
  ]);
});

describe('what cannot be', () => {
  test.each<[string, () => unknown, string]>([
    ['a date that is none', () => daily('2024-02-30'), 'date such as'],
    ['another first argument', () => daily(new Date() as never), 'date such as'],
    ['an unknown zone', () => daily('2024-01-01', { timezone: 'Europe/Berlim' }), 'IANA'],
    ['an offset as a zone', () => daily('2024-01-01', { timezone: '+01:00' }), 'IANA'],
    ['an unknown option', () => daily('2024-01-01', { tz: 'UTC' } as never), 'no such option'],
    ['options that are none', () => daily('2024-01-01', null as never), 'must be an object'],
    ['a last before the first', () => daily('2024-01-02', { last: '2024-01-01' }), 'comes before'],
    ['a week that begins in its middle', () => weekly('2024-01-03'), '2024-01-01 and 2024-01-08'],
    [
      'an unknown day of the week',
      () => weekly('2024-01-01', { firstDay: 'funday' as never }),
      'day of the week',
    ],
    ['a date as a month', () => monthly('2024-01-15'), 'month such as 2024-03'],
    [
      'an hour that clocks skip',
      () => hourly('2024-03-31T02+01:00', { timezone: 'Europe/Berlin' }),
      'no hour',
    ],
    ['an hour without an offset', () => hourly('2024-03-31T02'), 'offset from UTC'],
    ['no keys', () => list([]), 'at least one'],
    ['a key twice', () => list(['a', 'a']), 'twice'],
    ['an empty key', () => list(['']), 'is empty'],
    ['a key of two lines', () => list(['a\nb']), 'control characters'],
    ['half of a character', () => list(['\ud800']), 'Unicode'],
    ['a long key', () => list(['x'.repeat(101)]), '100 characters'],
    ['one part', () => product({ a: list(['x']) }), 'at least two'],
    ['a part that is none', () => product({ a: list(['x']), b: ['y'] as never }), '"b" is not'],
    ['a part named key', () => product({ key: list(['x']), b: list(['y']) }), '"key"'],
    [
      'a product of products',
      () => product(product(list(['x']), list(['y'])), list(['z'])),
      '"first" is not',
    ],
  ])('as a domain: %s', (_what, declare, message) => {
    expect(declare).toThrow(message);
    expect(declare).toThrow(expect.objectContaining({ code: 'InvalidConfig' }));
  });

  const days = daily('2024-01-01', { last: '2024-12-31' });
  const pairs = product({ day: days, region: list(['eu', 'us']) });
  test.each<[string, () => unknown, string]>([
    ['no key', () => days.parse(5 as never), 'is a text'],
    ['a key of another form', () => days.parse('2024-1-1'), 'date such as'],
    ['before the first', () => days.parse('2023-12-31'), 'first one is 2024-01-01'],
    ['after the last', () => days.parse('2025-01-01'), 'last one is 2024-12-31'],
    [
      'a range the wrong way round',
      () => days.keys({ now: NOW, from: '2024-03-01', to: '2024-02-01' }),
      'before it begins',
    ],
    ['a key that the list has not', () => list(['eu', 'us']).parse('as'), '"eu", "us"'],
    ['half a product', () => pairs.parse('2024-01-01'), 'day|region'],
    ['a product with a wrong part', () => pairs.parse('2024-01-01|as'), '"eu", "us"'],
    ['a product of too many parts', () => pairs.parse('2024-01-01|eu|us'), 'day|region'],
    ['a product with a stray backslash', () => pairs.parse('2024-01-01|e\\u'), 'backslash'],
    [
      'a range of a product the wrong way round',
      () => pairs.keys({ now: NOW, from: '2024-01-01|us', to: '2024-01-01|eu' }),
      'before it begins',
    ],
    [
      'an hour of another offset',
      () => hourly('2024-01-01', { timezone: 'Europe/Berlin' }).parse('2024-06-01T05Z'),
      'Europe/Berlin',
    ],
  ])('as a key: %s', (_what, ask, message) => {
    expect(ask).toThrow(message);
    expect(ask).toThrow(expect.objectContaining({ code: 'InvalidPartition' }));
  });
});
