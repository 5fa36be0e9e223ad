import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { removeFolder, temporaryFolder } from '../conformance/temporary-folder';
import { describeWith } from '../support/services';
import { freshS3Place } from './s3-place';

const execute = promisify(execFile);

/** More than the bound on memory, so that who holds it all is found out. `npm run bench -- backends` has 500. */
const MEBIBYTES = 240;
const BOUND_MEBIBYTES = 200;

/** In a process of its own: what else the tests hold does not count. */
async function memoryOfStreams(url: string): Promise<number> {
  const program = path.join(__dirname, 'stream-memory.process.ts');
  const { stdout, stderr } = await execute(process.execPath, [
    '--require',
    require.resolve('tsx/cjs'),
    program,
    String(MEBIBYTES),
    url,
  ]);
  // Nothing of the AWS SDK reaches a user's terminal.
  expect(stderr).toBe('');
  return Number(stdout);
}

describeWith('s3')('streams of more bytes than may be in memory, into S3 and out of it', () => {
  test('take little memory', async () => {
    const { options, drop } = await freshS3Place();
    try {
      const { accessKeyId, secretAccessKey } = options.credentials!;
      const place = `${options.bucket}/${options.prefix}?endpoint=${options.endpoint}&pathStyle=true`;
      const taken = await memoryOfStreams(`s3://${accessKeyId}:${secretAccessKey}@${place}`);
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(BOUND_MEBIBYTES);
    } finally {
      await drop();
    }
  });
});

describe('streams of more bytes than may be in memory, to local disk and from there', () => {
  test('take little memory', async () => {
    const folder = await temporaryFolder();
    try {
      expect(await memoryOfStreams(`file:${folder}`)).toBeLessThan(BOUND_MEBIBYTES);
    } finally {
      await removeFolder(folder);
    }
  });
});
