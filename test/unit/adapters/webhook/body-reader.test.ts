import { BodyReader } from '../../../../src/adapters/webhook/read-body';

const LIMITS = { body: 100, time: 60_000 };

/** A request whose body comes when the test says so. */
function arriving(): {
  readonly request: Request;
  readonly send: (bytes: number) => void;
  readonly end: () => void;
} {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  return {
    request: new Request('http://hooks.test/', { method: 'POST', body, duplex: 'half' }),
    send: (bytes) => controller.enqueue(new Uint8Array(bytes)),
    end: () => controller.close(),
  };
}

test('where too much is on its way, the body that has been so longest makes room for the others', async () => {
  const reader = new BodyReader(150);
  const [slow, quick, later] = [arriving(), arriving(), arriving()];
  const refused = reader.read(slow.request, LIMITS).catch((error: unknown) => error);
  slow.send(80);
  // Bytes are taken up in a later turn.
  await new Promise(setImmediate);
  const taken = reader.read(quick.request, LIMITS);
  quick.send(90);
  expect(await refused).toMatchObject({
    code: 'TooManyRequests',
    more: { headers: { connection: 'close' } },
  });
  quick.end();
  const first = await taken;
  expect(first.bytes.byteLength).toBe(90);
  // It is held until its run is started, and free again then.
  const tooMuch = arriving();
  const refusedToo = reader.read(tooMuch.request, LIMITS).catch((error: unknown) => error);
  tooMuch.send(70);
  expect(await refusedToo).toMatchObject({ code: 'TooManyRequests' });
  first.release();
  const last = reader.read(later.request, LIMITS);
  later.send(50);
  later.send(50);
  later.end();
  expect((await last).bytes.byteLength).toBe(100);
});

test('a body that is broken off is refused, and holds nothing any more', async () => {
  const reader = new BodyReader(100);
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('the connection was reset')),
  });
  const request = new Request('http://hooks.test/', {
    method: 'POST',
    body: broken,
    duplex: 'half',
  });
  await expect(reader.read(request, LIMITS)).rejects.toMatchObject({ code: 'InvalidRequest' });
  const next = arriving();
  const read = reader.read(next.request, LIMITS);
  next.send(100);
  next.end();
  expect((await read).bytes.byteLength).toBe(100);
});
