import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { removeProjects } from '../server/projects';

const file = (declared: string): string => `
import { knot, schedule, tapestry } from 'selvage';
import { z } from 'zod';

const say = knot('say', ({ city }: { city: string }) => 'weather of ' + city);
export const weather = tapestry('weather', { parameters: { city: z.string() } }, (t, { city }) => ({
  said: say({ city }, { id: 'said' }),
}));
${declared}
`;
const NIGHTLY =
  "export const nightly = schedule(weather, { id: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin', parameters: { city: 'Bern' } });";
const WEEKLY =
  "export const weekly = schedule(weather, { id: 'weekly', every: '7d', parameters: { city: 'Basel' } });";
const DAYS = `
import { daily, knot, schedule, tapestry } from 'selvage';
import { z } from 'zod';

const say = knot('say', ({ city }: { city: string }) => 'weather of ' + city);
export const days = tapestry(
  'days',
  { partition: daily('2024-01-01'), parameters: { city: z.string() } },
  (t, { city }) => ({ said: say({ city }, { id: 'said' }) }),
);
export const eachDay = schedule(days, { id: 'each-day', cron: '0 1 * * *', catchup: '7d', parameters: { city: 'Bern' } });
`;
let project: string;

beforeAll(() => {
  project = makeCommandProject({
    'weather.ts': file(NIGHTLY + WEEKLY),
    'plain.ts': file(''),
    'days.ts': DAYS,
  });
});
afterAll(removeProjects);

const schedules = (...args: string[]): Promise<Finished> => runWarm(project, ['schedules', ...args]);
const declare = (declared: string): void => writeFileSync(path.join(project, 'weather.ts'), file(declared));

test('a schedule from its deploy to its end', async () => {
  const dry = await schedules('deploy', 'weather.ts', '--dry-run');
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/^nightly would be created$/m)]);
  const first = await schedules('deploy', 'weather.ts');
  expect([first.code, first.stdout]).toEqual([
    0,
    expect.stringMatching(/^nightly created\nweekly created$/m),
  ]);
  expect(first.stderr).toContain('embedded server plans runs while it runs');
  const second = await schedules('deploy', 'weather.ts', '--json');
  expect(JSON.parse(second.stdout)).toMatchObject({
    items: [
      { id: 'nightly', action: 'kept' },
      { id: 'weekly', action: 'kept' },
    ],
  });

  const shown = await schedules('show', 'nightly');
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/catchup +1 day$/m);
  expect(shown.stdout).toMatch(/times +30 2 \* \* \* \(Europe\/Berlin\): at 02:30$/m);
  expect(
    shown.stdout.match(/T02:30:00\+0[12]:00 +\w+day,? \d+ \w+ \d{4} at 02:30:00 +in \d+ \w+/g),
  ).toHaveLength(10);

  const paused = await schedules('pause', 'nightly', '--note', 'the warehouse moves');
  expect([paused.code, paused.stdout]).toEqual([0, expect.stringContaining('the warehouse moves')]);
  declare(NIGHTLY.replace('30 2', '30 4'));
  const listed = await schedules('list');
  expect(listed.code).toBe(0);
  expect(listed.stdout).toMatch(/^nightly +weather +30 2 \* \* \* +Europe\/Berlin +paused$/m);
  expect(listed.stdout).toMatch(/^weekly +weather +every 7 days +UTC +\d{4}-\S+ \S+$/m);
  const compared = await schedules('compare', 'weather.ts');
  expect(compared.code).toBe(1);
  expect(compared.stdout).toMatch(/^nightly +differs, paused$/m);
  expect(compared.stdout).toMatch(/^nightly\n {2}times\n {4}- 30 2 \* \* \*\n {4}\+ 30 4 \* \* \*$/m);
  expect(compared.stdout).toMatch(/^weekly +not declared any more$/m);
  const left = await schedules('deploy', 'weather.ts');
  expect(left.stdout).toMatch(
    /^nightly updated \(paused, and stays so\)\n {2}times\n {4}- 30 2 \* \* \*\n {4}\+ 30 4 \* \* \*$/m,
  );
  expect(left.stderr).toContain('--prune deletes it');
  const pruned = await schedules('deploy', 'weather.ts', '--prune');
  expect(pruned.stdout).toMatch(/^weekly deleted$/m);

  expect((await schedules('resume', 'nightly')).stdout).toContain('is active again. Next: ');
  const triggered = await schedules('trigger', 'nightly', '--json');
  const { outcome, runId } = JSON.parse(triggered.stdout) as { outcome: string; runId: string };
  expect(outcome).toBe('started');
  expect((await schedules('show', 'nightly')).stdout).toContain(`${runId} `);

  const taken = await schedules('deploy', 'weather.ts', '--owner', 'elsewhere');
  expect([taken.code, taken.stderr]).toEqual([2, expect.stringMatching(/ScheduleInUse.*--take-over/)]);
  expect((await schedules('delete', 'nightly')).code).toBe(0);
  const unknown = await schedules('show', 'nightly');
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('UnknownSchedule')]);
});

test('the schedule of a partitioned tapestry shows what it starts runs of', async () => {
  const deployed = await schedules('deploy', 'days.ts');
  expect([deployed.code, deployed.stdout]).toEqual([0, expect.stringMatching(/^each-day created$/m)]);
  const { stdout } = await schedules('show', 'each-day');
  expect(stdout).toMatch(/tapestry +days\n +starts +a backfill of its partitions/);
  expect(stdout).toMatch(/catchup +7 days$/m);
  expect(stdout).toMatch(/parameters +\{"city":"Bern"\}$/m);
  expect((await schedules('list')).stdout).toMatch(/^each-day +days +0 1 /m);
});

test('a file without a schedule', async () => {
  const { code, stderr } = await schedules('deploy', 'plain.ts');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/FileWithoutTrigger.*exports no schedule/)]);
});

test('schedules of another owner differ', async () => {
  await schedules('deploy', 'days.ts');
  const { code, stdout } = await schedules('compare', 'days.ts', '--owner', 'shop');
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/^each-day +as declared +it belongs to .*days\.ts$/m),
  ]);
});

describe('preview', () => {
  test('tells times and what changes of the clock do to them', async () => {
    const { code, stdout } = await schedules(
      'preview',
      '30 2 * * *',
      '--timezone',
      'Europe/Berlin',
      '--from',
      '2026-03-27',
      '--limit',
      '3', // prettier-ignore
    );
    expect(code).toBe(0);
    expect(stdout).toContain('30 2 * * * (Europe/Berlin): at 02:30');
    expect(stdout.match(/(?<=^ *)2026-\S+T\S+/gm)).toEqual([
      '2026-03-27T02:30:00+01:00',
      '2026-03-28T02:30:00+01:00',
      '2026-03-30T02:30:00+02:00',
    ]);
    expect(stdout).toMatch(/2026-03-29 02:30 does not come: the clock goes forward.*No run is planned/);
    expect(stdout).toMatch(/2026-10-25 02:30 comes twice: the clock goes back.*Two runs are planned/);
  });

  test('refuses what is no expression, or no zone', async () => {
    const cron = await schedules('preview', '30 2 * *');
    expect([cron.code, cron.stderr]).toEqual([2, expect.stringContaining('4 fields and not five')]);
    const zone = await schedules('preview', '@daily', '--timezone', 'Mars/Olympus');
    expect([zone.code, zone.stderr]).toEqual([2, expect.stringContaining('no time zone "Mars/Olympus"')]);
  });
});
