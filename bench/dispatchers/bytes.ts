import { createRequire } from 'node:module';
import { atLeast, readable, type Benchmark } from '../benchmark';
import { median, timed } from '../statistics';
import { INTERPRETER, PYTHON_PATH } from './workloads';

/** Body hosts are no entry point of the package: they are measured where they are built. */
const built = createRequire(__filename);
const { HostPool } = built(
  '../../lib/body-hosts/host-pool',
) as typeof import('../../src/body-hosts/host-pool');
const { startPython } = built(
  '../../lib/body-hosts/processes/python',
) as typeof import('../../src/body-hosts/processes/python');

type Call = Parameters<InstanceType<typeof HostPool>['call']>[1];

const MEGABYTES = 100;
const TARGET = 400;

/** Bytes into a body in Python and back, with nothing around it: no hash, no store. */
export const bytesThroughPython: Benchmark = {
  name: 'dispatchers: bytes through Python',
  async run({ repetitions }) {
    const said = (line: string): void => void process.stderr.write(`${line}\n`);
    const pool = new HostPool(
      (heard) => startPython({ kind: 'python', interpreter: INTERPRETER, path: [PYTHON_PATH] }, heard),
      1,
      [],
      said,
    );
    try {
      await pool.open(['trivial']);
      const data = new Uint8Array(MEGABYTES * 1_000_000).fill(7);
      const echo = async (): Promise<void> => {
        const answer = (await pool.call('trivial:echo', callWith({ data }))) as Uint8Array;
        if (answer.byteLength !== data.byteLength) throw new Error('The body has lost bytes.');
      };
      await echo();
      const times: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(echo));
      const rate = (MEGABYTES * 1_000) / median(times);
      const measure = `dispatchers: ${MEGABYTES} MB into a body in Python and back`;
      return [
        atLeast(measure, rate, TARGET, 'MB/s', { times }, `there and back in ${readable(median(times))} ms`),
      ];
    } finally {
      await pool.close();
    }
  },
};

/** As a knot without a run. */
function callWith(inputs: Record<string, unknown>): Call {
  const context = {
    signal: new AbortController().signal,
    runId: 'run',
    knotId: 'echo',
    attempt: 1,
    idempotencyKey: 'run/echo',
  };
  return { inputs, policy: {}, context } as unknown as Call;
}
