import { spawnSync } from 'node:child_process';
import { pythonKnot, python, type KnotDefinition } from '../../../src';

/* Definitions of bodies.py. */

export const pythonHost = python({ path: [__dirname], processes: 2 });

const of = <I extends object, O>(name: string): KnotDefinition<I, O> =>
  pythonKnot<I, O>(`bodies:${name}`, { host: pythonHost });

export const inPython = {
  square: of<{ x: number }, number>('square'),
  traced: of<object, string | null>('traced'),
  throws: of<object, number>('throws'),
  dies: of<{ file: string; until: number; first: number }, string>('dies'),
  beside: of<{ file: string }, number>('beside'),
  blocks: of<{ file: string }, null>('blocks'),
  beats: of<{ file: string }, number>('beats'),
  prints: of<object, number>('prints'),
};

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
