import { createDuckDbRunHistory, inspectDuckDbFile } from '../../adapters/duckdb';
import { fileLocation, type FileLocation } from './file-path';
import type { Technology } from './technology';

export const duckdb: Technology<FileLocation> = {
  name: 'duckdb',
  schemes: ['duckdb'],
  forms: { 'run history': 'duckdb:PATH' },
  parse: ({ rest }, projectDir) => fileLocation(['duckdb', 'duckdb'], rest, projectDir, 'a DuckDB file'),
  async open({ path }) {
    const history = await createDuckDbRunHistory({ path });
    return { runHistory: () => history, close: () => history.close() };
  },
  inspect: ({ path }) => inspectDuckDbFile(path),
};
