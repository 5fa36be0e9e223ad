import { existsSync, readFileSync } from 'node:fs';
import { daily, knot, local, tapestry } from 'selvage';

interface Day {
  readonly key: string;
  readonly start: Date;
  readonly end: Date;
}

const HOUR = 3_600_000;

/** Stands for a weather service: one temperature an hour, and none of the days in outages.txt. */
const fetchDay = knot('fetchDay', { version: '1', cache: true }, ({ day }: { day: Day }) => {
  if (existsSync('outages.txt') && readFileSync('outages.txt', 'utf8').includes(day.key))
    throw new Error(`no weather of ${day.key}`);
  const first = day.start.getTime() / HOUR;
  const hours = day.end.getTime() / HOUR - first;
  return Array.from({ length: hours }, (_, hour) => 10 + 5 * Math.sin((first + hour) / 24));
});

const meanOf = knot('meanOf', ({ hours }: { hours: readonly number[] }) => {
  const mean = hours.reduce((sum, each) => sum + each, 0) / hours.length;
  return Math.round(mean);
});

export const weather = tapestry(
  'weather',
  {
    partition: daily('2024-01-01', { timezone: 'Europe/Berlin', last: '2024-12-31' }),
    knots: { dispatcher: local() },
  },
  (_, { partition }) => {
    const hours = fetchDay({ day: partition }, { id: 'hours' });
    return { mean: meanOf({ hours }, { id: 'mean' }) };
  },
);
