import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { removeFolder, temporaryFolder } from '../conformance/temporary-folder';
import { describeWith } from '../support/services';
import { runs } from '../support/thorough';
import { freshS3Place } from './s3-place';

const execute = promisify(execFile);

const MEBIBYTE = 1024 * 1024;
/** More than the bounds on memory, so that who holds it all is found out. `npm run bench -- backends` has 500. */
const MEBIBYTES = runs(150, 240);

/** In a process of its own: what else the tests hold does not count. */
async function expectLittleMemory(url: string): Promise<void> {
  const program = path.join(__dirname, 'stream-memory.process.ts');
  const tsx = ['--require', require.resolve('tsx/cjs')];
  const { stdout, stderr } = await execute(process.execPath, [...tsx, program, String(MEBIBYTES), url]);
  // Nothing of the AWS SDK reaches a user's terminal.
  expect(stderr).toBe('');
  const { size, read, grownBy, held } = JSON.parse(stdout) as Record<string, number>;
  expect([size, read]).toEqual([MEBIBYTES * MEBIBYTE, MEBIBYTES * MEBIBYTE]);
  expect(grownBy).toBeLessThan(120 * MEBIBYTE);
  expect(held).toBeLessThan(100 * MEBIBYTE);
}

describe('a stream of more bytes than may be in memory takes little of it, into a store and out of it', () => {
  describeWith('s3')('in S3', () => {
    test('s3', async () => {
      const { options, drop } = await freshS3Place();
      try {
        const { accessKeyId, secretAccessKey } = options.credentials!;
        const place = `${options.bucket}/${options.prefix}?endpoint=${options.endpoint}&pathStyle=true`;
        await expectLittleMemory(`s3://${accessKeyId}:${secretAccessKey}@${place}`);
      } finally {
        await drop();
      }
    });
  });

  test('on the local disk', async () => {
    const folder = await temporaryFolder();
    try {
      await expectLittleMemory(`file:${folder}`);
    } finally {
      await removeFolder(folder);
    }
  });
});
