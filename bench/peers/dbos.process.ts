/**
 * Program: an application that embeds DBOS, as its documentation has it: registered workflow functions, every step by
 * `DBOS.runStep`, concurrent steps begun in a fixed order and awaited together.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { countRows, increment, makeRows, nextRows, sum } from '../raw/activities';
import { serveJobs } from './serve-jobs';

/** What is used here of a package that is not installed beside this file. */
interface Dbos {
  setConfig(config: { name: string; systemDatabaseUrl: string; logLevel: string }): void;
  launch(): Promise<void>;
  shutdown(): Promise<void>;
  registerWorkflow<Args extends unknown[], R>(
    workflow: (...args: Args) => Promise<R>,
    config: { name: string },
  ): (...args: Args) => Promise<R>;
  runStep<R>(step: () => Promise<R>, config: { name: string }): Promise<R>;
}

export interface DbosOptions {
  readonly packages: string;
  readonly databaseUrl: string;
}

async function main({ packages, databaseUrl }: DbosOptions): Promise<void> {
  const load = createRequire(path.join(packages, 'package.json'));
  const { DBOS } = load('@dbos-inc/dbos-sdk') as { DBOS: Dbos };

  const incrementStep = (x: number): Promise<number> =>
    DBOS.runStep(async () => increment(x), { name: 'increment' });

  async function chain(start: number, size: number): Promise<number> {
    let result = start;
    for (let index = 0; index < size; index++) result = await incrementStep(result);
    return result;
  }

  async function fanOut(start: number, size: number): Promise<number> {
    const values = await Promise.all(Array.from({ length: size }, () => incrementStep(start)));
    return await DBOS.runStep(async () => sum(values), { name: 'sum' });
  }

  async function tables(start: number, size: number): Promise<number> {
    let rows = await DBOS.runStep(async () => makeRows(start), { name: 'make' });
    for (let index = 1; index < size; index++) {
      const before = rows;
      rows = await DBOS.runStep(async () => nextRows(before), { name: 'next' });
    }
    return await DBOS.runStep(async () => countRows(rows), { name: 'count' });
  }

  // In constants: called as members of an object, they would take that for the instance of a class of theirs.
  const runChain = DBOS.registerWorkflow(chain, { name: 'chain' });
  const runFanOut = DBOS.registerWorkflow(fanOut, { name: 'fanOut' });
  const runTables = DBOS.registerWorkflow(tables, { name: 'tables' });
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: databaseUrl, logLevel: 'error' });
  await DBOS.launch();
  await serveJobs(({ shape, size, start }) => {
    if (shape === 'tables') return runTables(start, size);
    return shape === 'chain' ? runChain(start, size) : runFanOut(start, size);
  });
  await DBOS.shutdown();
}

main(JSON.parse(process.argv[2]!) as DbosOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
