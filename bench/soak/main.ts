import { parseArgs } from 'node:util';
import { readable } from '../benchmark';
import { aligned, writeResults } from '../report';
import { soak } from './soak';
import { judge, judgeSmallRuns, planOf, type Finding, type Sample } from './verdict';

const DEFAULT_MINUTES = 30;
const LEAST_SMALL_RUNS = 1_000;
const SMALL_SAMPLE_SECONDS = 4;

const USAGE = `npm run soak -- [--minutes N | --small-runs N]

Keeps an embedded server, one worker and one client under a steady, mixed load (activities, segments, retries, failures,
large values, streamed bytes, cancelled runs); a further process reads a stream of lines and delivers all that happens to
emitters of every kind: log, webhook, OpenTelemetry, OpenLineage, and Kafka and Valkey where scripts/services has them.
Looks at them again and again while nothing is under way, and compares the minutes after the warm-up with the last ones.
Exit code 1: memory has grown by more than a tenth, there are more open files or timers, or the stream or an emitter has
not caught up. Needs Linux.

  --minutes N   how long the load goes on. Default ${DEFAULT_MINUTES}: 5 to warm up, then minutes 5 to 10 against the last 5.
                Less shrinks all of these alike, and says less: caches are still filling.
  --small-runs N  instead: N runs of two quick knots, as fast as they go. Exit code 1: from the first look after 500 of
                them to the last, the worker has grown by more than 10 MiB outside of its heap.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      'small-runs': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const minutes = Number(values.minutes ?? DEFAULT_MINUTES);
  const smallRuns = values['small-runs'] === undefined ? undefined : Number(values['small-runs']);
  const isWrong = !(minutes >= 1) || (smallRuns !== undefined && !(smallRuns >= LEAST_SMALL_RUNS));
  if (values.help || isWrong || process.platform !== 'linux') {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const findings = smallRuns === undefined ? await steadyLoad(minutes) : await manySmallRuns(smallRuns);
  if (findings.some(({ isFlat }) => !isFlat)) process.exitCode = 1;
}

async function steadyLoad(minutes: number): Promise<readonly Finding[]> {
  const plan = planOf(minutes);
  const { warmUpMinutes, windowMinutes, sampleSeconds } = plan;
  const isOver = ({ minute }: Sample): boolean => minute >= minutes;
  const samples = await soak({ load: 'mixed', withStream: true, sampleSeconds, isOver }, say);
  const findings = judge(samples, plan);
  const { runs, lines, spans, requests } = samples.at(-1)!;
  const slowest = Math.max(...samples.map(({ catchUpMs = 0 }) => catchUpMs));
  const file = writeResults('soak', { plan, runs, findings, samples });
  process.stdout.write(`\n${tableOf(findings, 'after the warm-up')}\n\n`);
  process.stdout.write(
    `medians of ${readable(windowMinutes)} minutes after a warm-up of ${readable(warmUpMinutes)}, and of the last ` +
      `${readable(windowMinutes)}; ${runs} runs in ${minutes} minutes, ${lines} lines of the stream, ${spans} spans, ` +
      `${requests} webhooks; at each look and at the end nothing was behind, after ${readable(slowest / 1_000)} s at most; ` +
      `written to ${file}\n`,
  );
  if (minutes < DEFAULT_MINUTES)
    process.stdout.write(
      `A soak of less than ${DEFAULT_MINUTES} minutes may take caches that fill for leaks.\n`,
    );
  return findings;
}

async function manySmallRuns(wanted: number): Promise<readonly Finding[]> {
  const isOver = ({ runs }: Sample): boolean => runs >= wanted;
  const samples = await soak(
    { load: 'small', withStream: false, sampleSeconds: SMALL_SAMPLE_SECONDS, isOver },
    say,
  );
  const findings = judgeSmallRuns(samples);
  const { runs, minute } = samples.at(-1)!;
  const file = writeResults('soak', { runs, findings, samples });
  process.stdout.write(`\n${tableOf(findings, 'after 500 runs')}\n\n`);
  process.stdout.write(`${runs} runs in ${readable(minute)} minutes; written to ${file}\n`);
  return findings;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function tableOf(findings: readonly Finding[], before: string): string {
  return aligned(
    ['measure', before, 'at the end', ''],
    findings.map(({ measure, before: first, after, unit, isFlat }) => [
      measure,
      `${readable(first)} ${unit}`.trim(),
      `${readable(after)} ${unit}`.trim(),
      isFlat ? 'flat' : 'GROWN',
    ]),
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
