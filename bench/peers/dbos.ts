import type { Entry } from './contestant';
import type { DbosOptions } from './dbos.process';
import { installNodePackages } from './install';
import { startPostgres } from './postgres';
import { contestantOf, Program } from './program';

export const dbos: Entry = {
  name: 'DBOS on Postgres',
  isOurs: false,
  isDurable: true,
  async enter() {
    const packages = await installNodePackages('durable');
    const postgres = await startPostgres();
    const options: DbosOptions = { packages, databaseUrl: postgres.url('bench_dbos') };
    const program = Program.startNode('DBOS', 'dbos.process.ts', options);
    return await contestantOf(program, () => postgres.close());
  },
};
