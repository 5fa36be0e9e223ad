import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

/** Four years of weather in Seattle, as the npm package `vega-datasets` ships them. */
const CSV = 'seattle-weather.csv';

const day = z.object({
  date: z.iso.date(),
  precipitation: z.coerce.number().min(0),
  temp_max: z.coerce.number().min(-60).max(60),
  temp_min: z.coerce.number().min(-60).max(60),
  wind: z.coerce.number().min(0),
  weather: z.enum(['drizzle', 'rain', 'sun', 'snow', 'fog']),
});
type Day = z.infer<typeof day>;

const yearStatistics = z.object({
  year: z.number().int(),
  days: z.number().int().positive(),
  meanHigh: z.number(),
  hottest: z.object({ date: z.string(), celsius: z.number() }),
  rain: z.number(),
  wetDays: z.number().int(),
});
type YearStatistics = z.infer<typeof yearStatistics>;

const read = knot('read', { output: z.string().min(1) }, async () => {
  // The data lie beside the package's code, which is all that it lets be imported.
  const folder = path.join(path.dirname(require.resolve('vega-datasets')), '..', 'data');
  return await readFile(path.join(folder, CSV), 'utf8');
});

const parse = knot('parse', ({ text }: { text: string }) => {
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? '']));
  });
});

const validate = knot('validate', ({ rows }: { rows: Record<string, string>[] }, { logger }) => {
  const days: Day[] = [];
  let rejected = 0;
  for (const row of rows) {
    const result = day.safeParse(row);
    if (result.success) days.push(result.data);
    else rejected += 1;
  }
  logger.info(`${days.length} days are valid, ${rejected} rows are rejected`);
  return days;
});

const summarise = knot(
  'summarise',
  { output: yearStatistics },
  ({ days, year, fail }: { days: Day[]; year: number; fail?: boolean }) => {
    if (fail) throw new Error(`the measurements of ${year} are lost (as --param fail=true asked for)`);
    const own = days.filter(({ date }) => date.startsWith(`${year}-`));
    const hottest = own.reduce((hot, next) => (next.temp_max > hot.temp_max ? next : hot));
    return {
      year,
      days: own.length,
      meanHigh: rounded(own.reduce((sum, { temp_max }) => sum + temp_max, 0) / own.length),
      hottest: { date: hottest.date, celsius: hottest.temp_max },
      rain: rounded(own.reduce((sum, { precipitation }) => sum + precipitation, 0)),
      wetDays: own.filter(({ precipitation }) => precipitation > 0).length,
    };
  },
);

type ByYear = { y2012: YearStatistics; y2013: YearStatistics; y2014: YearStatistics; y2015: YearStatistics };

const compare = knot('compare', (years: ByYear) => {
  const all = Object.values(years);
  const most = (measure: (one: YearStatistics) => number): number =>
    all.reduce((best, next) => (measure(next) > measure(best) ? next : best)).year;
  return {
    warmest: most(({ meanHigh }) => meanHigh),
    wettest: most(({ rain }) => rain),
    warming: rounded(years.y2015.meanHigh - years.y2012.meanHigh),
  };
});

/** Written whole or not at all, and the same however often: a knot may run more than once. */
const report = knot(
  'report',
  async ({
    out,
    comparison,
    ...years
  }: ByYear & { out: string; comparison: { warmest: number; wettest: number; warming: number } }) => {
    const file = path.resolve(out);
    const draft = `${file}.${randomUUID()}`;
    await mkdir(path.dirname(file), { recursive: true });
    try {
      await writeFile(draft, markdown(Object.values(years), comparison));
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return file;
  },
);

function markdown(
  years: readonly YearStatistics[],
  { warmest, wettest, warming }: { warmest: number; wettest: number; warming: number },
): string {
  const rows = years.map(
    ({ year, days, meanHigh, hottest, rain, wetDays }) =>
      `| ${year} | ${days} | ${meanHigh.toFixed(1)} °C | ${hottest.celsius.toFixed(1)} °C on ${hottest.date} | ${rain.toFixed(1)} mm | ${wetDays} |`,
  );
  return [
    '# The weather in Seattle',
    '',
    '| year | days | mean high | hottest | rain | wet days |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `The warmest year was ${warmest}, the wettest ${wettest}. The mean high rose by ${warming.toFixed(1)} °C from 2012 to 2015.`,
    '',
  ].join('\n');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export const weather = tapestry(
  'weather',
  {
    parameters: {
      /** Where the report is written. */
      out: { schema: z.string().min(1), default: path.join(__dirname, 'out', 'report.md') },
      /** Makes the statistics of 2014 fail, to see what becomes of the rest. */
      fail: { schema: z.boolean(), default: false },
    },
  },
  (_, { out, fail }) => {
    const text = read({}, { id: 'read' });
    const rows = parse({ text }, { id: 'parse' });
    const days = validate({ rows }, { id: 'validate' });
    // They have one parent and nothing else in common, so they run side by side.
    const y2012 = summarise({ days, year: 2012 }, { id: 'year-2012' });
    const y2013 = summarise({ days, year: 2013 }, { id: 'year-2013' });
    const y2014 = summarise({ days, year: 2014, fail }, { id: 'year-2014' });
    const y2015 = summarise({ days, year: 2015 }, { id: 'year-2015' });
    const comparison = compare({ y2012, y2013, y2014, y2015 }, { id: 'comparison' });
    const written = report({ y2012, y2013, y2014, y2015, comparison, out }, { id: 'report' });
    return { comparison, report: written, latest: y2015 };
  },
);
