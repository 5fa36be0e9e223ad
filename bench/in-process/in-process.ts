import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median } from '../statistics';
import type { Shape } from './shapes';

export interface InProcessOptions extends BenchmarkOptions {
  readonly shape: Shape;
  readonly size: number;
}

export interface InProcessMeasurement {
  /** Milliseconds, with the compiling of the tapestry. */
  readonly firstRun: number;
  /** Milliseconds of later runs. */
  readonly times: readonly number[];
  /** Heap that the tapestry takes. */
  readonly tapestryBytes: number;
  /** Heap that the tapestry, its plan, and the values and lineage of a run take. */
  readonly heldBytes: number;
  readonly peakBytes: number;
}

const SIZES = [1_000, 10_000, 100_000];
const MICROSECONDS = 20;
const ELEMENTS = 10_000;
const ELEMENT_MICROSECONDS = 15;
const BYTES = 4 * 1024;
const GROWTH = 1.3;
const MEGABYTE = 1024 * 1024;

const knots: readonly Benchmark[] = (['chain', 'fan-out'] as const).map((shape) => ({
  name: `in process: ${shape}`,
  async run(options) {
    const rows: Row[] = [];
    const costs: number[] = [];
    for (const size of SIZES) {
      const measurement = await measureApart({ ...options, shape, size });
      const cost = (median(measurement.times) * 1_000) / size;
      costs.push(cost);
      rows.push(...rowsOf(shape, size, cost, measurement));
    }
    const growth = costs.at(-1)! / costs[0]!;
    const measure = `in process: ${shape}, ${SIZES.at(-1)} against ${SIZES[0]} knots`;
    return [...rows, limited(measure, Math.max(growth, 1 / growth), GROWTH, 'x', { costs })];
  },
}));

const elements: Benchmark = {
  name: 'in process: map',
  async run(options) {
    const measurement = await measureApart({ ...options, shape: 'map', size: ELEMENTS });
    const cost = (median(measurement.times) * 1_000) / ELEMENTS;
    const { times } = measurement;
    return [
      limited(`in process: map of ${ELEMENTS}`, cost, ELEMENT_MICROSECONDS, 'µs an element', { times }),
    ];
  },
};

/** The in-process host, whose bodies do next to nothing: what a knot, or an element, costs by itself. */
export const inProcess: readonly Benchmark[] = [...knots, elements];

function rowsOf(shape: Shape, size: number, cost: number, measurement: InProcessMeasurement): Row[] {
  const { firstRun, times, tapestryBytes, heldBytes, peakBytes } = measurement;
  const name = `in process: ${shape} of ${size}`;
  const first = readable((firstRun * 1_000) / size);
  const wired = readable(tapestryBytes / size);
  return [
    limited(
      name,
      cost,
      MICROSECONDS,
      'µs a knot',
      { times, firstRun },
      `first run, with compiling: ${first}`,
    ),
    limited(
      `${name}: memory`,
      heldBytes / size,
      BYTES,
      'bytes a knot',
      { heldBytes, tapestryBytes, peakBytes },
      `tapestry alone ${wired}; peak of the process ${readable(peakBytes / MEGABYTE)} MiB`,
    ),
  ];
}

/** In a process of its own: nobody else's garbage, and all memory is its own. */
async function measureApart(options: InProcessOptions): Promise<InProcessMeasurement> {
  const program = path.join(__dirname, 'run.process.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...process.execArgv, program, JSON.stringify(options)],
    { encoding: 'utf8' },
  );
  return JSON.parse(stdout) as InProcessMeasurement;
}
