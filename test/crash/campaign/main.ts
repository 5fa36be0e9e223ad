import { parseArgs } from 'node:util';

import { neverHit, runCampaign } from './campaign';
import { MIXES, mixNamed } from './mix';
import { POINTS, POINT_NAMES, type Point } from './points';
import { described, leftOutLines, progressLine, summary, writeReport } from './report';

const KILLS = 200;
const CONCURRENCY = 12;
const SEEDS = 1_000_000;

const USAGE = `npm run crash -- [--kills N] [--seed S] [--points A,B] [--mixes A,B] [--concurrency N] [--scenario N] [--production]

Kills workers, clients and the server under runs of every kind, and checks what the runs leave behind.

  --kills N         until so many processes have been killed (default ${KILLS})
  --seed S          repeats the plan of blows of another campaign (default: a new one)
  --points A,B      only at these points
  --mixes A,B       only runs of these kinds: ${MIXES.map(({ name }) => name).join(', ')}
  --concurrency N   so many runs at once (default ${CONCURRENCY}; mostly they wait)
  --scenario N      only this one of the seed's scenarios
  --production      on a Temporal server on PostgreSQL, with stores in PostgreSQL and S3, all of them started by scripts/services, instead
                    of the embedded server and SQLite; PostgreSQL is killed, too

A point that cannot be hit here, such as machines of a cluster, is LEFT OUT: that is said with its reason, first and last.

Points:
${POINT_NAMES.map((point) => `  ${point.padEnd(20)} ${POINTS[point].what}`).join('\n')}

Example: npm run crash -- --kills 2000
`;

function wholeNumber(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : /^\d+$/.test(text) ? Number(text) : NaN;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string' },
      seed: { type: 'string' },
      points: { type: 'string' },
      mixes: { type: 'string' },
      concurrency: { type: 'string' },
      scenario: { type: 'string' },
      production: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const kills = wholeNumber(values.kills, KILLS);
  const seed = wholeNumber(values.seed, Math.floor(Math.random() * SEEDS));
  const concurrency = wholeNumber(values.concurrency, CONCURRENCY);
  const only = wholeNumber(values.scenario, -1);
  const points = values.points?.split(',') as Point[] | undefined;
  const mixes = values.mixes?.split(',').map((name) => mixNamed(name));
  const isWrong =
    mixes?.includes(undefined as never) ||
    [kills, seed, only].some(Number.isNaN) ||
    !(concurrency >= 1) ||
    points?.some((point) => !POINT_NAMES.includes(point));
  if (values.help || isWrong) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  process.stderr.write(
    `crash campaign: seed ${seed}, ${only >= 0 ? `scenario ${only}` : `${kills} kills`}\n`,
  );
  if (values.production) process.env.SELVAGE_TEST_BACKENDS ??= 'production';
  const result = await runCampaign({
    composition: values.production ? 'production' : 'embedded',
    kills,
    seed,
    concurrency,
    ...(points && { points }),
    ...(mixes && { mixes }),
    ...(only >= 0 && { only }),
    onBegin: (plan) => process.stderr.write(leftOutLines(plan)),
    onProgress: (soFar) => progressLine(soFar, kills),
    onViolation: (violation) => process.stderr.write(`${described(violation)}\n`),
  });
  process.stdout.write(`\n${summary(result)}\n\nwritten to ${writeReport(result)}\n`);
  // One scenario alone cannot hit everything.
  if (result.violations.length > 0 || (only < 0 && neverHit(result).length > 0)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
