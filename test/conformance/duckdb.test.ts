import * as path from 'node:path';
import { createDuckDbRunHistory } from '../../src/adapters/run-histories/duckdb';
import { describeRunHistory } from '../../src/testing';
import { removeFolder, temporaryFolder } from './temporary-folder';

const ALONE = 'a DuckDB file is the history of one process, and a second opener gets HistoryInUse';

describeRunHistory('duckdb', {
  async create() {
    const folder = await temporaryFolder();
    return {
      adapter: await createDuckDbRunHistory({ path: path.join(folder, 'made', 'on', 'demand', 'history.duckdb') }),
      cleanUp: () => removeFolder(folder),
    };
  },
  skip: [
    { test: 'has one identity, whoever has it open', reason: ALONE },
    { test: 'shows what another adapter committed', reason: ALONE },
  ],
});
