import { createDuckDbRunHistory, inspectDuckDbFile } from '../../adapters/duckdb';
import { filePath } from './file-path';
import type { Location, Technology } from './technology';

interface DuckDbLocation extends Location {
  readonly path: string;
}

export const duckdb: Technology<DuckDbLocation> = {
  name: 'duckdb',
  schemes: ['duckdb'],
  forms: { 'run history': 'duckdb:PATH' },
  parse({ rest }, projectDir) {
    const file = filePath(rest, projectDir, 'a DuckDB file');
    return file === undefined
      ? undefined
      : { technology: 'duckdb', key: `duckdb:${file}`, shown: file, path: file };
  },
  async open({ path }) {
    const history = await createDuckDbRunHistory({ path });
    return { runHistory: () => history, close: () => history.close() };
  },
  inspect: ({ path }) => inspectDuckDbFile(path),
};
