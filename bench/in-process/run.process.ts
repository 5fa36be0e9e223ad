/** Program: runs one shape at one size in process, again and again, and prints what it measured as one line of JSON. */
import { runLocally } from 'selvage';
import { createInMemoryBackends } from 'selvage/backends';
import { timed } from '../statistics';
import type { InProcessMeasurement, InProcessOptions } from './in-process';
import { shaped } from './shapes';

/**
 * Small sizes are run again and again, and what the runs of a sample answer is kept: so all sizes are measured over as many
 * knots, with as much memory in use.
 */
const KNOTS_PER_SAMPLE = 100_000;

function heapUsed(): number {
  gc!();
  return process.memoryUsage().heapUsed;
}

async function main({ shape, size, repetitions }: InProcessOptions): Promise<InProcessMeasurement> {
  const warmUp = shaped(shape, 1_000);
  for (let knots = 0; knots < KNOTS_PER_SAMPLE; knots += 1_000) await runLocally(warmUp, {});

  const before = heapUsed();
  const tapestry = shaped(shape, size);
  const wired = heapUsed();
  const firstRun = await timed(() => runLocally(tapestry, {}));
  const runs = KNOTS_PER_SAMPLE / size;
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    gc!();
    const results: unknown[] = [];
    const together = await timed(async () => {
      for (let run = 0; run < runs; run++) results.push(await runLocally(tapestry, {}));
    });
    times.push(together / runs);
  }
  const backends = createInMemoryBackends();
  const { status } = await runLocally(tapestry, {}, { backends, runId: 'held' });
  const held = heapUsed();
  // Asked after the measuring, so that they are still there while it goes on.
  const { items } = await backends.runHistory.findLineage({ runId: 'held', limit: 1 });
  if (status !== 'succeeded' || items.length === 0) {
    throw new Error(`The run of the benchmark ended as ${status}, with ${items.length} records.`);
  }
  return {
    firstRun,
    times,
    tapestryBytes: wired - before,
    heldBytes: held - before,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

main(JSON.parse(process.argv[2]!) as InProcessOptions).then(
  (measurement) => process.stdout.write(`${JSON.stringify(measurement)}\n`),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
