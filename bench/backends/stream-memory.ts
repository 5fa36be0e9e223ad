import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { limited, type Row } from '../benchmark';
import { MEBIBYTE } from './pieces';

const LIMIT = 200;

/** Memory of a process of its own that puts 500 MB and gets them back: Node, the package and the vendor's library included. */
export async function memoryRow(name: string, url: string): Promise<Row> {
  const program = path.join(__dirname, 'stream.process.ts');
  // Not on the command line, which everybody can read.
  const env = { ...process.env, SELVAGE_DATA: url };
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program], { env });
  const peakBytes = Number(stdout);
  return limited(
    `500 MB through ${name} and back: peak memory of the process`,
    peakBytes / MEBIBYTE,
    LIMIT,
    'MiB',
    {
      peakBytes,
    },
  );
}
