import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { knot, standardWebhooks, tapestry, webhook } from '../../src';
import { handlerOf, recordingHost } from '../support/webhook-host';
import { post, seconds, standardHeaders, standardSecret } from '../support/webhook-requests';

const ping = tapestry('ping', () => ({ pong: knot('pong', () => 'pong')({}, { id: 'pong' }) }));
const [OURS, ROTATED, FOREIGN] = [standardSecret(), standardSecret(), standardSecret()];

const signature = fc.constantFrom(
  'ours',
  'rotated',
  'foreign',
  'other version',
  'cut',
  'other body',
  'other id',
  'other time',
  'nothing',
);

test('what Standard Webhooks says of a request, its reference library says', async () => {
  const host = recordingHost();
  const handler = handlerOf(host, [
    webhook(ping, {
      path: '/hook',
      verify: standardWebhooks({ secret: [OURS, ROTATED] }),
      body: 'bytes',
      map: () => ({}),
    }),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        body: fc.string({ unit: 'grapheme', maxLength: 60 }),
        id: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        // Not within a second of the limits, which may pass meanwhile.
        off: fc.oneof(
          { arbitrary: fc.integer({ min: -297, max: 297 }), weight: 4 },
          { arbitrary: fc.constantFrom(-100_000, -303, 303, 100_000), weight: 1 },
        ),
        signatures: fc.array(signature, { minLength: 1, maxLength: 4 }),
        missing: fc.oneof(
          { arbitrary: fc.constant(null), weight: 6 },
          { arbitrary: fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature'), weight: 1 },
        ),
      }),
      async ({ body, id, off, signatures, missing }) => {
        const at = seconds() + off;
        const sign = (secret: string, text = body, parts = { id, at }): string =>
          standardHeaders(secret, text, parts)['webhook-signature']!;
        const made: Record<string, () => string> = {
          ours: () => sign(OURS),
          rotated: () => sign(ROTATED),
          foreign: () => sign(FOREIGN),
          'other version': () => sign(OURS).replace('v1,', 'v1a,'),
          cut: () => sign(OURS).slice(0, -4),
          'other body': () => sign(OURS, `${body} `),
          'other id': () => sign(OURS, body, { id: `${id}0`, at }),
          'other time': () => sign(OURS, body, { id, at: at + 1 }),
          nothing: () => 'v1,',
        };
        const headers: Record<string, string> = {
          'webhook-id': id,
          'webhook-timestamp': String(at),
          'webhook-signature': signatures.map((each) => made[each]!()).join(' '),
        };
        if (missing !== null) delete headers[missing];
        const genuine = [OURS, ROTATED].some((secret) => {
          try {
            new Webhook(secret).verify(body, headers, { jsonParse: false });
            return true;
          } catch {
            return false;
          }
        });
        const { status } = await handler.fetch(post('/hook', body, headers));
        expect(status).toBe(genuine ? 202 : 401);
      },
    ),
    { numRuns: 300 },
  );
  // Both answers were among them.
  expect(host.events.length).toBeGreaterThan(30);
});
