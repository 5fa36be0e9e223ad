/** Program: runs one shape at one size in process, again and again, and prints what it measured as one line of JSON. */
import { runLocally } from 'selvage';
import { timed } from '../statistics';
import type { InProcessMeasurement, InProcessOptions } from './in-process';
import { shaped } from './shapes';

/** So that small sizes are measured after the compiler of the machine has seen as much as it sees at large ones. */
const WARM_UP_KNOTS = 20_000;

function heapUsed(): number {
  gc!();
  return process.memoryUsage().heapUsed;
}

async function main({ shape, size, repetitions }: InProcessOptions): Promise<InProcessMeasurement> {
  const warmUp = shaped(shape, 1_000);
  for (let knots = 0; knots < WARM_UP_KNOTS; knots += 1_000) await runLocally(warmUp, {});

  const before = heapUsed();
  const tapestry = shaped(shape, size);
  const wired = heapUsed();
  const firstRun = await timed(() => runLocally(tapestry, {}));
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    gc!();
    times.push(await timed(() => runLocally(tapestry, {})));
  }
  const result = await runLocally(tapestry, {});
  const held = heapUsed();
  const { status } = result;
  if (status !== 'succeeded') throw new Error(`The run of the benchmark ended as ${status}.`);
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
