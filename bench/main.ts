import { parseArgs } from 'node:util';
import type { Benchmark, Row } from './benchmark';
import { lineageQueries } from './backends/lineage-queries';
import { s3Stream } from './backends/s3-stream';
import { coldRun } from './cold-run';
import { hashing } from './hashing';
import { inProcess } from './in-process/in-process';
import { peers } from './peers/peers';
import { table, writeResults } from './report';
import { simulator } from './simulator';
import { againstRaw } from './temporal/against-raw';
import { maps } from './temporal/maps';
import { passedOn } from './temporal/passed-on';
import { replay } from './temporal/replay';
import { resumed, reused } from './temporal/resumed';

const BENCHMARKS: readonly Benchmark[] = [
  ...againstRaw,
  ...maps,
  ...resumed,
  ...reused,
  passedOn,
  replay,
  coldRun,
  ...inProcess,
  hashing,
  simulator,
  s3Stream,
  lineageQueries,
];
const REPETITIONS = 5;
const REPETITIONS_IF_QUICK = 2;

const USAGE = `npm run bench -- [FILTER...] [--peers] [--quick] [--repetitions N]

Measures this package against its targets. With FILTER, only what has one of these texts in its name:
${BENCHMARKS.map(({ name }) => `  ${name}`).join('\n')}

  --peers           other systems, too: DBOS on PostgreSQL, Restate, pirn; installs them (bench/peers/README.md).
                    With the filter "peers", nothing else
  --quick           each thing ${REPETITIONS_IF_QUICK} times instead of ${REPETITIONS}: to see that it works, not to compare
  --repetitions N   each thing N times

Example: npm run bench -- chain --quick
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      peers: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const chosen = (values.peers ? [...BENCHMARKS, peers] : BENCHMARKS).filter(
    ({ name }) => positionals.length === 0 || positionals.some((filter) => name.includes(filter)),
  );
  const repetitions = Number(values.repetitions ?? (values.quick ? REPETITIONS_IF_QUICK : REPETITIONS));
  if (values.help || chosen.length === 0 || !Number.isInteger(repetitions) || repetitions < 1) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  // Processes that were started end with this one, also when it is interrupted.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    process.stderr.write(`measuring: ${benchmark.name}\n`);
    const measured = await benchmark.run({ repetitions });
    // At once: all is a long time, and may be broken off.
    for (const row of measured) process.stderr.write(`  ${row.measure}: ${row.measured}\n`);
    rows.push(...measured);
  }
  process.stdout.write(`\n${table(rows)}\n\nwritten to ${writeResults('bench', { repetitions, rows })}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
