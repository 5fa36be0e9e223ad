import { createRequire } from 'node:module';
import path from 'node:path';
import { atLeast, readable, type Benchmark, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import { FOLDER } from './folder';
import { INTERPRETER, PYTHON_PATH } from './workloads';

/** Body hosts are no entry point of the package: they are measured where they are built. */
const built = createRequire(__filename);
const { HostPool } = built(
  '../../lib/body-hosts/host-pool',
) as typeof import('../../src/body-hosts/host-pool');
const { startPython } = built(
  '../../lib/body-hosts/processes/python',
) as typeof import('../../src/body-hosts/processes/python');
const { startThread } = built(
  '../../lib/body-hosts/threads/thread-host',
) as typeof import('../../src/body-hosts/threads/thread-host');

type Pool = InstanceType<typeof HostPool>;
type Call = Parameters<Pool['call']>[1];

const MEGABYTES = 100;
const TARGET = 400;
const CALLS = 5_000;

/** What calls take without a run around them: no records, no hash, no store. */
export const bareCalls: Benchmark = {
  name: 'dispatchers: bare calls',
  run: async ({ repetitions }) => {
    const python = new HostPool(
      (heard) => startPython({ kind: 'python', interpreter: INTERPRETER, path: [PYTHON_PATH] }, heard),
      1,
      said,
    );
    const threads = new HostPool(() => startThread(path.join(FOLDER, 'in-threads.ts'), undefined), 1, said);
    try {
      await python.open(['trivial']);
      await threads.open([]);
      return [
        await small('a body in Python', python, 'trivial:increment', repetitions),
        await small('a body in a thread', threads, 'inc', repetitions),
        await large(python, repetitions),
      ];
    } finally {
      await Promise.all([python.close(), threads.close()]);
    }
  },
};

/** One after the other: what a knot waits for. */
async function small(what: string, pool: Pool, body: string, repetitions: number): Promise<Row> {
  const calls = async (): Promise<void> => {
    for (let x = 0; x < CALLS; x += 1) await pool.call(body, callWith({ x }));
  };
  const times = await repeated(repetitions, calls);
  const each = median(times) / CALLS;
  return {
    measure: `dispatchers: a bare call of ${what}`,
    measured: `${each.toFixed(3)} ms`,
    numbers: { value: each, times },
  };
}

async function large(pool: Pool, repetitions: number): Promise<Row> {
  const data = new Uint8Array(MEGABYTES * 1_000_000).fill(7);
  const times = await repeated(repetitions, async () => {
    const answer = (await pool.call('trivial:echo', callWith({ data }))) as Uint8Array;
    if (answer.byteLength !== data.byteLength) throw new Error('The body has lost bytes.');
  });
  const both = median(times);
  return atLeast(
    `dispatchers: ${MEGABYTES} MB into a body in Python and back`,
    (MEGABYTES * 1_000) / both,
    TARGET,
    'MB/s',
    { times },
    `there and back in ${readable(both)} ms`,
  );
}

/** After one to warm up. */
async function repeated(repetitions: number, work: () => Promise<void>): Promise<number[]> {
  await work();
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(work));
  return times;
}

/** As a knot without a run. */
function callWith(inputs: Record<string, unknown>): Call {
  const context = {
    signal: new AbortController().signal,
    runId: 'run',
    knotId: 'knot',
    attempt: 1,
    idempotencyKey: 'run/knot',
  };
  return { inputs, policy: {}, context } as unknown as Call;
}

function said(line: string): void {
  process.stderr.write(`${line}\n`);
}
