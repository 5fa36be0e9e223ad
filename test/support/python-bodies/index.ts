import { spawnSync } from 'node:child_process';
import {
  local,
  map,
  pythonKnot,
  queue,
  tapestry,
  python,
  knot,
  type Dispatcher,
  type KnotDefinition,
  type Outcome,
} from '../../../src';
import { z } from 'zod';

/* Definitions of bodies.py, and tapestries of them. */

export const pythonHost = python({ path: [__dirname], processes: 2 });

const of = <I extends object, O>(name: string): KnotDefinition<I, O> =>
  pythonKnot<I, O>(`bodies:${name}`, { host: pythonHost });

export const inPython = {
  list: of<{ n: number }, number[]>('list'),
  square: of<{ x: number }, number>('square'),
  total: of<{ squares: number[] }, number>('total'),
  bytes: of<{ size: number }, Uint8Array>('bytes'),
  measure: of<{ data: Uint8Array }, number>('measure'),
  throws: of<object, number>('throws'),
  everything: of<{ value: unknown }, unknown>('everything'),
  dies: of<{ file: string; until: number; first: number }, string>('dies'),
  beside: of<{ file: string }, number>('beside'),
  blocks: of<{ file: string }, null>('blocks'),
  prints: of<object, number>('prints'),
  waits: of<{ file: string }, string>('waits'),
  received: pythonKnot<{ it: number }, string>('bodies:received', { host: pythonHost, receives: 'outcomes' }),
};

/** Their twins. */
const here: Pick<typeof inPython, 'list' | 'square' | 'total' | 'bytes' | 'measure' | 'throws'> & {
  readonly received: typeof inPython.received;
} = {
  list: knot('list', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index)),
  square: knot('square', ({ x }: { x: number }) => x * x),
  total: knot('total', ({ squares }: { squares: number[] }) => squares.reduce((sum, one) => sum + one, 0)),
  bytes: knot('bytes', ({ size }: { size: number }) => new Uint8Array(size).fill(7)),
  measure: knot('measure', ({ data }: { data: Uint8Array }) => data.byteLength),
  throws: knot('throws', (_: object): number => {
    throw new TypeError('no luck', { cause: new RangeError('too far') });
  }),
  received: knot('received', { receives: 'outcomes' }, ({ it }: { it: Outcome<number> }) => it.kind),
};

/** A tapestry of a value, a map, bytes, a failure, and one who receives it. */
function build(name: string, bodies: typeof here, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    const squares = map(
      { over: bodies.list({ n }, { id: 'list' }), each: bodies.square, bind: 'x', batch: 3 },
      { id: 'squares' },
    );
    const failed = bodies.throws({}, { id: 'failed' });
    return {
      total: bodies.total({ squares }, { id: 'total' }),
      size: bodies.measure({ data: bodies.bytes({ size: 3_000_000 }, { id: 'bytes' }) }, { id: 'size' }),
      failed,
      received: bodies.received({ it: failed }, { id: 'received' }),
    };
  });
}

export const pythonQueued = build('python-queued', inPython, queue());
export const pythonInSegments = build('python-in-segments', inPython, local());
export const twins = build('python-twins', here, queue());

/** Why these bodies cannot run on this machine; undefined if they can. */
export function whyNoPython(): string | undefined {
  const interpreter = process.env['SELVAGE_PYTHON'] ?? 'python3';
  const { status, stdout, error } = spawnSync(
    interpreter,
    ['-c', 'import sys; print(sys.version_info >= (3, 11))'],
    {
      encoding: 'utf8',
    },
  );
  if (error) return `there is no ${interpreter}: ${error.message}`;
  return status === 0 && stdout.trim() === 'True' ? undefined : `${interpreter} is older than 3.11`;
}
