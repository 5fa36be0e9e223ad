import { parseArgs } from 'node:util';
import { readable } from '../benchmark';
import { aligned, writeResults } from '../report';
import { soak } from './soak';
import { judge, planOf, type Finding } from './verdict';

const DEFAULT_MINUTES = 30;

const USAGE = `npm run soak -- [--minutes N]

Keeps an embedded server, one worker and one client under a steady, mixed load (activities, segments, retries, failures,
large values, streams, cancelled runs), looks at them again and again while nothing is under way, and compares the
minutes after the warm-up with the last ones. Exit code 1: memory has grown by more than a tenth, or there are more open
files or timers. Needs Linux.

  --minutes N   how long the load goes on. Default ${DEFAULT_MINUTES}: 5 to warm up, then minutes 5 to 10 against the last 5.
                Less shrinks all of these alike, and says less: caches are still filling.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const minutes = Number(values.minutes ?? DEFAULT_MINUTES);
  if (values.help || !(minutes >= 1) || process.platform !== 'linux') {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const plan = planOf(minutes);
  const { samples, runs } = await soak(plan, (line) => process.stderr.write(`${line}\n`));
  const findings = judge(samples, plan);
  const file = writeResults('soak', { plan, runs, findings, samples });
  process.stdout.write(`\n${tableOf(findings)}\n\n`);
  const { warmUpMinutes, windowMinutes } = plan;
  process.stdout.write(
    `medians of ${readable(windowMinutes)} minutes after a warm-up of ${readable(warmUpMinutes)}, and of the last ` +
      `${readable(windowMinutes)}; ${runs} runs in ${minutes} minutes; written to ${file}\n`,
  );
  if (minutes < DEFAULT_MINUTES)
    process.stdout.write(
      `A soak of less than ${DEFAULT_MINUTES} minutes may take caches that fill for leaks.\n`,
    );
  if (findings.some(({ isFlat }) => !isFlat)) process.exitCode = 1;
}

function tableOf(findings: readonly Finding[]): string {
  return aligned(
    ['measure', 'after the warm-up', 'at the end', ''],
    findings.map(({ measure, before, after, unit, isFlat }) => [
      measure,
      `${readable(before)} ${unit}`.trim(),
      `${readable(after)} ${unit}`.trim(),
      isFlat ? 'flat' : 'GROWN',
    ]),
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
