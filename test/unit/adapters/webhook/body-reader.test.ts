import { ByteSlots } from '../../../../src/adapters/webhook/limits';
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

test('bodies are worked on within a limit of bytes, in their order, and one that is larger alone', async () => {
  const slots = new ByteSlots(100);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [60, 50, 30, 300, 10].map((bytes, index) =>
    slots.use(bytes, async () => {
      begun.push(index);
      await new Promise<void>((end) => (ends[index] = end));
    }),
  );
  expect(begun).toEqual([0]);
  ends[0]!();
  await all[0];
  expect(begun).toEqual([0, 1, 2]);
  ends[1]!();
  ends[2]!();
  await Promise.all([all[1], all[2]]);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[3]!();
  await all[3];
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  ends[4]!();
  await all[4];
});

test('work that fails leaves its place to the next', async () => {
  const slots = new ByteSlots(10);
  const failing = slots.use(10, () => Promise.reject(new Error('not this one')));
  const next = slots.use(10, () => Promise.resolve('begun'));
  await expect(failing).rejects.toThrow('not this one');
  expect(await next).toBe('begun');
});
