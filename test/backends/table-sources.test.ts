import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createServer, request, type Server } from 'node:http';
import { table } from '../../src';
import { s3Object } from '../../src/adapters/s3/object-file';
import * as arrow from '../../src/table-files/arrow-library';
import { closedPort } from '../support/listening';
import { placeForEach } from '../support/fresh-places';
import { rejectionOf } from '../support/rejection-of';
import { describeWith } from '../support/services';
import { freshS3Place, type S3Place } from './s3-place';

const Orders = table({ id: 'int64', name: 'utf8' });
const ROWS = [
  { id: 1n, name: 'pen' },
  { id: 2n, name: 'ink' },
];

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describeWith('s3')('a table of an object in an S3 store', () => {
  let place: S3Place;
  placeForEach(freshS3Place, (fresh) => (place = fresh));

  /** The address of an object, as of the data store. */
  function addressOf(key: string, changed: Record<string, string> = {}): string {
    const { bucket, prefix, endpoint, region, credentials } = place.options;
    const { accessKeyId, secretAccessKey } = credentials!;
    const query = new URLSearchParams({
      endpoint,
      region: region!,
      pathStyle: 'true',
      accessKeyId,
      secretAccessKey,
    });
    for (const [name, value] of Object.entries(changed)) query.set(name, value);
    return `s3://${changed['bucket'] ?? bucket}/${prefix}/${key}?${query}`.replace(/&bucket=[^&]*/, '');
  }
  async function put(key: string, bytes: Uint8Array): Promise<string> {
    const { bucket: Bucket, prefix } = place.options;
    await place.client.send(new PutObjectCommand({ Bucket, Key: `${prefix}/${key}`, Body: bytes }));
    return addressOf(encodeURIComponent(key));
  }
  const parquetOf = async (of: Awaited<ReturnType<typeof Orders.from>>): Promise<Uint8Array> => {
    const bytes = await of.parquet();
    return new Uint8Array(await bytes.slice(0, bytes.size));
  };

  test('is that of the file: Parquet, CSV and Arrow', async () => {
    const orders = await Orders.from(ROWS);
    const parquet = await put('the orders?#1.parquet', await parquetOf(orders));
    const csv = await put('orders.csv', Buffer.from('id,name\n1,pen\n2,ink\n'));
    const ipc = await put('orders.arrow', arrow.tableToIPC(await orders.arrow(), { format: 'file' })!);
    expect((await Orders.fromParquet(parquet)).hash).toBe(orders.hash);
    expect((await Orders.fromParquet(new URL(parquet))).hash).toBe(orders.hash);
    expect((await Orders.fromCsv(csv)).hash).toBe(orders.hash);
    expect((await Orders.fromArrow(ipc)).hash).toBe(orders.hash);
  });

  test('reads only the declared columns of a large Parquet file', async () => {
    const orders = await Orders.from(ROWS);
    const file = Buffer.from(await parquetOf(orders));
    const footer = file.length - 8 - file.readUInt32LE(file.length - 8);
    const filler = Buffer.alloc(17 * 1024 * 1024);
    await put('wide.parquet', Buffer.concat([file.subarray(0, footer), filler, file.subarray(footer)]));
    const ranges: (string | undefined)[] = [];
    const { hostname, port } = new URL(place.options.endpoint);
    const proxy = createServer((asked, answer) => {
      ranges.push(asked.headers.range);
      const { method, url, headers } = asked;
      const passed = request({ hostname, port, method, path: url, headers }, (given) => {
        answer.writeHead(given.statusCode!, given.headers);
        given.pipe(answer);
      });
      asked.pipe(passed);
    });
    const endpoint = await listen(proxy);
    try {
      const ids = await table({ id: 'int64' }).fromParquet(addressOf('wide.parquet', { endpoint }));
      expect(ids.hash).toBe(orders.select('id').hash);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
    const sizes = ranges.map((range) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '')!;
      return Number(last) - Number(first) + 1;
    });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
  });

  test('refuses an object that is changed while it is read, and asks for no part twice', async () => {
    const address = await put('orders.csv', Buffer.from('id,name\n1,pen\n'));
    const file = await s3Object(address).open();
    const beginning = await file.slice(0, 4);
    await put('orders.csv', Buffer.from('id,name\n1,ink\n'));
    expect(await file.slice(0, 4)).toEqual(beginning);
    const error = await rejectionOf(file.slice(4, 8));
    file.close();
    expect(error.code).toBe('UnreadableFile');
    expect(error.message).toContain('changed while it was read');
  });

  describe.each(['fromParquet', 'fromCsv', 'fromArrow'] as const)('%s names what is wrong', (read) => {
    /** The refusal of an address, without the secrets of the address. */
    async function refusal(address: string): Promise<{ code: string; message: string }> {
      const error = await rejectionOf(Orders[read](address));
      const { secretAccessKey } = place.options.credentials!;
      const shown = `${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`;
      for (const secret of [secretAccessKey, 'hidden']) expect(shown).not.toContain(secret);
      return error;
    }
    const refused = (code: string, ...parts: string[]) => ({
      code,
      message: expect.stringMatching(new RegExp(parts.join('.*'))) as string,
    });

    test('no such object', async () => {
      const { bucket, prefix } = place.options;
      expect(await refusal(addressOf('no.parquet'))).toMatchObject(
        refused('UnreadableFile', `s3://${bucket}/${prefix}/no.parquet`, 'no such object', 'Check its key'),
      );
    });

    test('no such bucket', async () => {
      expect(await refusal(addressOf('a', { bucket: 'no-such-bucket' }))).toMatchObject(
        refused('UnreadableFile', 's3://no-such-bucket/', 'there is no such bucket'),
      );
    });

    test('an empty object', async () => {
      expect((await refusal(await put('empty', Buffer.of()))).code).toBe('UnreadableFile');
    });

    test('a wrong secret', async () => {
      expect(await refusal(addressOf('a', { secretAccessKey: 'hidden' }))).toMatchObject(
        refused('UnreadableFile', 's3://', 'does not belong to the access key'),
      );
    });

    test('credentials that may not read', async () => {
      const denying = createServer((_asked, answer) => {
        answer.writeHead(403, { 'content-type': 'application/xml' });
        answer.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
      });
      const endpoint = await listen(denying);
      expect(await refusal(addressOf('a', { endpoint }))).toMatchObject(
        refused('UnreadableFile', 's3://', 'do not permit this', 's3:GetObject'),
      );
      denying.close();
      denying.closeAllConnections();
    });

    test('a server that is away, which a retry may help', async () => {
      const endpoint = `http://127.0.0.1:${await closedPort()}`;
      expect(await refusal(addressOf('a', { endpoint }))).toMatchObject(
        refused('BackendUnavailable', 's3://', 'nothing listens'),
      );
    });

    test('an address without a key, and a parameter that there is not', async () => {
      const { bucket } = place.options;
      expect(await refusal(`s3://me:hidden@${bucket}/`)).toMatchObject(
        refused('UnreadableFile', 's3://BUCKET/KEY'),
      );
      expect(await refusal(`s3://me:hidden@${bucket}/a?zone=hidden`)).toMatchObject(
        refused('InvalidUrl', '"zone"'),
      );
    });
  });
});
