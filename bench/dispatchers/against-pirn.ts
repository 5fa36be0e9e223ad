import path from 'node:path';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { installPythonPackages } from '../peers/install';
import { Program } from '../peers/program';
import { median, timed } from '../statistics';
import { onStage, type Stage } from '../temporal/stage';
import { INTERPRETER, MAPPED, PYTHON_MAP } from './workloads';

const FACTOR = 1.5;
const MEASURE = `dispatchers: map of ${MAPPED} bodies in Python, in batches of 100`;

/** How pirn has it, and whether each element has a record, as each of ours has. */
const KINDS = [
  { kind: 'knots', name: 'pirn with a knot for each' },
  { kind: 'map', name: "pirn's Map, which keeps no record of elements" },
] as const;

/** A durable map, against a run of pirn in memory. */
export const againstPirn: Benchmark = {
  name: 'dispatchers: map in Python',
  run: ({ repetitions }) =>
    onStage(async (stage) => {
      const worker = await stage.startWorker('ours', PYTHON_MAP);
      try {
        return await compared(stage, repetitions);
      } finally {
        await worker.stop();
      }
    }),
};

async function compared(stage: Stage, repetitions: number): Promise<Row[]> {
  const pirn = await startPirn().catch((error: Error) => error);
  const programs = pirn instanceof Error ? [] : pirn;
  const tapestry = PYTHON_MAP.tapestry();
  const ours: number[] = [];
  const theirs = KINDS.map((): number[] => []);
  try {
    for (let repetition = -1; repetition < repetitions; repetition++) {
      const ownMs = await timed(() => stage.runOurs(tapestry));
      // Else the next run would pay for this one.
      await stage.catchUp();
      if (repetition >= 0) ours.push(ownMs);
      for (const [index, program] of programs.entries()) {
        const { ms } = await program.run({ shape: 'fan-out', size: MAPPED, start: repetition + 2 });
        if (repetition >= 0) theirs[index]!.push(ms);
      }
    }
  } finally {
    for (const program of programs) await program.stop();
  }
  const took = `${readable(median(ours))} ms`;
  if (pirn instanceof Error) {
    const measured = `${took}; pirn cannot be had: ${pirn.message}`;
    return [{ measure: MEASURE, measured, isSkipped: true, numbers: { ours } }];
  }
  return KINDS.map(({ name }, index) => {
    const other = theirs[index]!;
    const remark = `${took} against ${readable(median(other))}`;
    return limited(
      `${MEASURE}: ${name}`,
      median(ours) / median(other),
      FACTOR,
      'x pirn',
      { ours, other },
      remark,
    );
  });
}

async function startPirn(): Promise<Program[]> {
  const packages = await installPythonPackages(INTERPRETER, 'pirn');
  const programs = KINDS.map(({ kind }) =>
    Program.start('pirn', {
      command: INTERPRETER,
      args: [path.join(__dirname, 'pirn_map.py'), kind],
      env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    }),
  );
  try {
    for (const program of programs) await program.hears('ready');
    return programs;
  } catch (error) {
    for (const program of programs) await program.stop();
    throw error;
  }
}
