import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { limited, readable, type Row } from '../benchmark';
import { MEBIBYTE } from './pieces';

const LIMIT = 200;

/** Memory that putting 500 MB and getting them back adds to a process of its own, which has the store open. */
export async function memoryRow(name: string, url: string): Promise<Row> {
  const program = path.join(__dirname, 'stream.process.ts');
  // Not on the command line, which everybody can read.
  const env = { ...process.env, SELVAGE_DATA: url };
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program], { env });
  const [before, peak] = JSON.parse(stdout) as [number, number];
  const measure = `500 MB through ${name} and back: memory that it takes`;
  const remark = `the process: ${readable(peak / MEBIBYTE)} MiB at its highest`;
  return limited(measure, (peak - before) / MEBIBYTE, LIMIT, 'MiB', { before, peak }, remark);
}
