import { parseArgs } from 'node:util';
import { endServices } from '../test/support/services';
import type { Benchmark, BenchmarkOptions, Row } from './benchmark';
import { backends } from './backends';
import { dispatchers } from './dispatchers';
import { feed } from './feed';
import { firstResult } from './first-result';
import { hashing } from './hashing';
import { inProcess } from './in-process/in-process';
import { peers } from './peers/peers';
import { operations } from './operations';
import { table, writeResults } from './report';
import { simulator } from './simulator';
import { againstRaw } from './temporal/against-raw';
import { limits } from './temporal/limits';
import { maps } from './temporal/maps';
import { production } from './temporal/production';
import { passedOn } from './temporal/passed-on';
import { replay } from './temporal/replay';
import { resumed, reused } from './temporal/resumed';
import { seeing } from './seeing';
import { signals } from './temporal/signals';
import { tables } from './tables';
import { triggers } from './triggers';
import { walls } from './walls';

const BENCHMARKS: readonly Benchmark[] = [
  ...againstRaw,
  ...maps,
  ...resumed,
  ...reused,
  ...limits,
  signals,
  passedOn,
  replay,
  production,
  firstResult,
  ...inProcess,
  hashing,
  simulator,
  ...backends,
  ...triggers,
  ...seeing,
  ...dispatchers,
  ...feed,
  ...operations,
  ...walls,
  ...tables,
];
const REPETITIONS = 5;
const REPETITIONS_IF_QUICK = 2;
const RECORDS = 1_000_000;

const USAGE = `npm run bench -- [FILTER...] [--peers] [--quick] [--repetitions N] [--records N]

Measures this package against its targets. With FILTER, only what has one of these texts in its name:
${BENCHMARKS.map(({ name }) => `  ${name}`).join('\n')}

  --peers           other systems, too: DBOS on PostgreSQL, Restate, pirn; installs them (bench/peers/README.md).
                    With the filter "peers", nothing else
  --quick           each thing ${REPETITIONS_IF_QUICK} times instead of ${REPETITIONS}: to see that it works, not to compare
  --repetitions N   each thing N times
  --records N       lineage records of the histories that are asked questions (default ${RECORDS})

"backends" needs PostgreSQL, Valkey and an S3 server: those of SELVAGE_TEST_*, or it starts its own and ends them.
"dispatchers" needs Python 3.11 or newer, "python3" or that of SELVAGE_BENCH_PYTHON, and installs pirn 0.1.0 where the peers are.

Example: npm run bench -- chain --quick
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      peers: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
      records: { type: 'string', default: String(RECORDS) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const chosen = (values.peers ? [...BENCHMARKS, peers] : BENCHMARKS).filter(
    ({ name }) => positionals.length === 0 || positionals.some((filter) => name.includes(filter)),
  );
  const repetitions = Number(values.repetitions ?? (values.quick ? REPETITIONS_IF_QUICK : REPETITIONS));
  const records = Number(values.records);
  if (values.help || chosen.length === 0 || ![repetitions, records].every(isCount)) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  // Processes that were started end with this one, also when it is interrupted.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const rows = await measure(chosen, { repetitions, records });
    const file = writeResults('bench', { repetitions, records, rows });
    process.stdout.write(`\n${table(rows)}\n\nwritten to ${file}\n`);
  } finally {
    await endServices();
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

async function measure(chosen: readonly Benchmark[], options: BenchmarkOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    process.stderr.write(`measuring: ${benchmark.name}\n`);
    const measured = await benchmark.run(options);
    // At once: all is a long time, and may be broken off.
    for (const row of measured) process.stderr.write(`  ${row.measure}: ${row.measured}\n`);
    rows.push(...measured);
  }
  return rows;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
