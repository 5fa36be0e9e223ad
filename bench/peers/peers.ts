import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { median } from '../statistics';
import { Stage } from '../temporal/stage';
import { rightResult, stepsOf, type Contestant, type Entry, type Job } from './contestant';
import { dbos } from './dbos';
import { onTemporal, type Own } from './own';
import { pirnInMemory, pirnOnSqlite } from './pirn';
import { restate } from './restate';

interface Task extends Omit<Job, 'start'> {
  readonly name: string;
  /** Large values are compared only between systems that store each of them. */
  readonly isForDurable?: true;
}

const CHAIN_1000: Task = { name: 'chain of 1,000', shape: 'chain', size: 1_000 };
const TABLES: Task = { name: '20 × 1 MB', shape: 'tables', size: 20, isForDurable: true };
const TASKS: readonly Task[] = [
  { name: 'chain of 100', shape: 'chain', size: 100 },
  CHAIN_1000,
  { name: 'fan-out of 1,000 with a sum', shape: 'fan-out', size: 1_000 },
  TABLES,
];

interface Entered {
  readonly entry: Entry;
  readonly contestant: Contestant;
  readonly times: Map<Task, number[]>;
}

/**
 * The same work on other systems, each with its own durable defaults: see README.md. All are up all the time, and take turns,
 * and turns at being first.
 */
export const peers: Benchmark = {
  name: 'peers',
  async run({ repetitions }) {
    const stage = await Stage.open();
    const own = await onTemporal(stage);
    const { local, queue, raw } = own;
    const absent: Row[] = [];
    const present: Entered[] = [];
    try {
      for (const entry of [local, queue, raw, dbos, restate, pirnInMemory, pirnOnSqlite]) {
        try {
          present.push({ entry, contestant: await entry.enter(), times: new Map() });
        } catch (error) {
          absent.push(skipped(entry, error as Error));
        }
      }
      await takeTurns(present, repetitions);
    } finally {
      for (const { contestant } of present) await contestant.close();
      await stage.close();
    }
    return [...present.map(rowOf), ...absent, ...verdicts(present, own)];
  },
};

async function takeTurns(present: readonly Entered[], repetitions: number): Promise<void> {
  let start = 0;
  for (const task of TASKS) {
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      for (const entered of turned(present, repetition)) {
        if (!doesTask(entered, task)) continue;
        start += 1_000_000;
        const ms = await timeOf(entered, { ...task, start });
        // The first time is to warm up.
        if (repetition > 0) entered.times.set(task, [...(entered.times.get(task) ?? []), ms]);
      }
    }
  }
}

function doesTask({ entry }: Entered, task: Task): boolean {
  return entry.isDurable || !task.isForDurable;
}

function turned<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

async function timeOf({ entry, contestant }: Entered, job: Job): Promise<number> {
  const { ms, result } = await contestant.run(job);
  if (result !== rightResult(job))
    throw new Error(`${entry.name} answered ${result} where ${rightResult(job)} is right.`);
  return ms;
}

function skipped({ name }: Entry, { message }: Error): Row {
  process.stderr.write(`  ${name} IS SKIPPED: ${message}\n`);
  return { measure: `peers: ${name}`, measured: `SKIPPED: ${message.split('\n')[0]}`, numbers: {} };
}

function perStep({ times }: Entered, task: Task): number {
  return median(times.get(task)!) / stepsOf(task);
}

function rowOf(entered: Entered): Row {
  const tasks = TASKS.filter((task) => doesTask(entered, task));
  const figures = tasks.map((task) => readable(perStep(entered, task)).padStart(5));
  return {
    measure: `peers: ${entered.entry.name}`,
    measured: `${figures.join(' ')} ms a step: ${tasks.map(({ name }) => name).join(', ')}`,
    numbers: Object.fromEntries(tasks.map((task) => [task.name, entered.times.get(task)!])),
  };
}

/** Segments against the best that is durable, and against what is not; large values against Restate, which is the fastest with them. */
function verdicts(present: readonly Entered[], { local, queue }: Own): Row[] {
  const of = (wanted: Entry): Entered | undefined => present.find(({ entry }) => entry === wanted);
  const [ours, queued, inMemory, journal] = [of(local), of(queue), of(pirnInMemory), of(restate)];
  if (!ours || !queued) return [];
  const durable = present.filter(({ entry }) => entry.isDurable && !entry.isOurs);
  const fastest = (task: Task): Entered =>
    durable.reduce((a, b) => (perStep(a, task) <= perStep(b, task) ? a : b));
  const small = TASKS.filter((task) => task !== TABLES);
  return [
    ...(durable.length > 0 ? small.map((task) => against(ours, fastest(task), task, 1)) : []),
    ...(inMemory ? [against(ours, inMemory, CHAIN_1000, 1)] : []),
    ...(journal ? [against(ours, journal, TABLES, 1), against(queued, journal, TABLES, 1.6)] : []),
  ];
}

function against(ours: Entered, other: Entered, task: Task, limit: number): Row {
  const ratio = perStep(ours, task) / perStep(other, task);
  return limited(`${ours.entry.name}: ${task.name} against ${other.entry.name}`, ratio, limit, 'x', {});
}
