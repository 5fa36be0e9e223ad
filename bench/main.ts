import { parseArgs } from 'node:util';
import type { Benchmark, Row } from './benchmark';
import { coldRun } from './cold-run';
import { hashing } from './hashing';
import { inProcess } from './in-process/in-process';
import { table, writeResults } from './report';
import { simulator } from './simulator';
import { againstRaw } from './temporal/against-raw';

const BENCHMARKS: readonly Benchmark[] = [...againstRaw, coldRun, ...inProcess, hashing, simulator];
const REPETITIONS = 5;
const REPETITIONS_IF_QUICK = 2;

const USAGE = `npm run bench -- [FILTER...] [--quick] [--repetitions N]

Measures this package against its targets. With FILTER, only what has one of these texts in its name:
${BENCHMARKS.map(({ name }) => `  ${name}`).join('\n')}

  --quick           each thing ${REPETITIONS_IF_QUICK} times instead of ${REPETITIONS}: to see that it works, not to compare
  --repetitions N   each thing N times

Example: npm run bench -- chain --quick
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const chosen = BENCHMARKS.filter(
    ({ name }) => positionals.length === 0 || positionals.some((filter) => name.includes(filter)),
  );
  const repetitions = Number(values.repetitions ?? (values.quick ? REPETITIONS_IF_QUICK : REPETITIONS));
  if (values.help || chosen.length === 0 || !Number.isInteger(repetitions) || repetitions < 1) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    process.stderr.write(`measuring: ${benchmark.name}\n`);
    const measured = await benchmark.run({ repetitions });
    // At once: all is a long time, and may be broken off.
    for (const row of measured) process.stderr.write(`  ${row.measure}: ${row.measured}\n`);
    rows.push(...measured);
  }
  process.stdout.write(`\n${table(rows)}\n\nwritten to ${writeResults(rows, { repetitions })}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
