import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { python, pythonKnot, runLocally, table, tapestry, type Table } from 'selvage';
import { clusterPython, PYTHON_SOURCES } from '../../test/support/python-environment';
import { limited, readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';

/** Arrow's library is an ES module, which is built into this file. */
const { tableToIPC } = createRequire(__filename)(
  '../../lib/table-files/arrow-library',
) as typeof import('../../src/table-files/arrow-library');

const ROWS = 2_800_000;
const FACTOR = 1.5;
const FOLDER = path.join(path.dirname(require.resolve('selvage/package.json')), 'bench', 'tables', 'python');
/** Ends a stream of Arrow's. */
const END = Buffer.from('ffffffff00000000', 'hex');
const Orders = table({ id: 'int64', name: 'utf8', x: 'float64', t: 'timestamp[us]' });

/** A table of 100 MB into a body in Python and back, as a knot of a run in process, against Arrow's stream alone. */
export const roundTrip: Benchmark = {
  name: 'tables: through Python',
  async run({ repetitions }) {
    const interpreter = clusterPython();
    const host = python({ interpreter, path: [FOLDER, PYTHON_SOURCES], processes: 1 });
    const handOn = pythonKnot<{ orders: Table }, Table>('frames:hand_on', { host });
    const through = tapestry('through', { parameters: { orders: Orders } }, (_t, { orders }) => ({
      handed: handOn({ orders }, { id: 'handed' }),
    }));
    const orders = await Orders.from(columns());
    const sent = Buffer.from(tableToIPC(await orders.arrow(), { format: 'stream' })!);
    const program = spawn(interpreter, [path.join(FOLDER, 'frames.py')], {
      env: { ...process.env, PYTHONPATH: PYTHON_SOURCES },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const times = await compare(
        repetitions,
        async () => {
          const { status } = await runLocally(through, { orders });
          if (status !== 'succeeded') throw new Error(`The run has ${status}.`);
        },
        async () => {
          program.stdin.write(sent);
          let size = 0;
          for await (const piece of program.stdout.iterator({ destroyOnReturn: false })) {
            const bytes = piece as Buffer;
            size += bytes.length;
            if (size > sent.length * 0.9 && bytes.subarray(-END.length).equals(END)) return;
          }
        },
      );
      const [ours, raw] = [median(times.ours), median(times.raw)];
      const measure = 'tables: 100 MB into a body in Python and back / Arrow IPC alone';
      const remark = `${readable(ours)} ms, Arrow ${readable(raw)} ms`;
      return [limited(measure, ours / raw, FACTOR, 'x', { ours: times.ours, raw: times.raw }, remark)];
    } finally {
      program.kill();
    }
  },
};

function columns() {
  return {
    id: BigInt64Array.from({ length: ROWS }, (_, row) => BigInt(row)),
    name: Array.from({ length: ROWS }, (_, row) => `c${(row * 7919) % 100_003}`),
    x: Float64Array.from({ length: ROWS }, (_, row) => Math.sin(row)),
    t: BigInt64Array.from({ length: ROWS }, (_, row) => 1_700_000_000_000_000n + BigInt(row)),
  };
}
