import { listen } from '../../../src/http/listener';
import { listening } from '../../support/listening';
import { rejectionOf } from '../../support/rejection-of';

const answer = (): Response => new Response('here');

test.each([
  ['above all ports', { port: 70_000, host: '127.0.0.1' }, 'port', /70000 is no port\. .*65535/],
  ['no number', { port: NaN, host: '127.0.0.1' }, 'port', /NaN is no port/],
  [
    'of another machine',
    { port: 0, host: '192.0.2.1' },
    'host',
    /192\.0\.2\.1 is no address of this machine/,
  ],
])('what cannot be listened on is told: %s', async (_, place, option, message) => {
  expect(await rejectionOf(listen(answer, place))).toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringMatching(message) as unknown,
    details: { option, reason: 'WrongValue' },
  });
});

test('a port that another program has is told with what to do', async () => {
  const other = await listening();
  expect(await rejectionOf(listen(answer, { port: other.port, host: '127.0.0.1' }))).toMatchObject({
    code: 'PortInUse',
    message: expect.stringContaining('choose another port') as unknown,
  });
  await other.close();
});

test('a request that does not end is cut off when the time is over', async () => {
  const listener = await listen(() => new Promise<Response>(() => {}), { port: 0, host: '127.0.0.1' });
  const asked = fetch(listener.url).catch(() => 'cut off');
  await new Promise((resolve) => setTimeout(resolve, 0));
  await listener.close(0);
  expect(await asked).toBe('cut off');
});
