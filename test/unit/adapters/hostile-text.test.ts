import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { createLogEmitter } from '../../../src/adapters/log/emitter';
import { createOpenLineageEmitter } from '../../../src/adapters/open-lineage/emitter';
import type * as specification from '../../../src/adapters/open-lineage/specification';
import { createOpenTelemetryEmitter } from '../../../src/adapters/open-telemetry/emitter';
import { createWebhookEmitter } from '../../../src/adapters/webhook/emitter';
import { logEmitter, openLineageEmitter, openTelemetryEmitter, webhookEmitter } from '../../../src/emitters';
import { deliveryContext } from '../../support/delivered-run';
import { HOSTILE, hostileEvents } from '../../support/hostile-events';
import { faultsOf } from '../../support/open-lineage/checked';
import { Receiver } from '../../support/receiver';
import { startTracing } from '../../support/tracing';

/** Texts of runs and knots as no check of names lets them through: what a sink is given, it passes on whole, or escapes. Brokers have theirs in `test/feed`. */

const events = hostileEvents();
const ids = events.map(({ id }) => id);

test('the log: a terminal obeys nothing of it, and the texts are what they were', async () => {
  let text = '';
  const stdout = { write: (more: string, done?: () => void) => ((text += more), done?.()) };
  await createLogEmitter(logEmitter({}), stdout).deliver(events, deliveryContext());
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ eventId }) => eventId)).toEqual(ids);
  expect(lines[1]).toMatchObject({ knotId: `knot-${HOSTILE}`, err: { message: HOSTILE } });
});

test.each([false, true])('webhooks, all in one request: %s', async (batch) => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const hook = await Receiver.open();
  const emitter = createWebhookEmitter(
    webhookEmitter({ url: hook.url, secret, batch, allowPrivateNetworks: true }),
  );
  try {
    await emitter.deliver(events, deliveryContext());
    const told = hook.requests.flatMap(({ headers, body }) => {
      new Webhook(secret).verify(body, headers);
      return HTTP.toEvent({ headers, body });
    });
    expect(told.map(({ id }) => id)).toEqual(ids);
    expect(told[1]).toMatchObject({
      subject: `run-${HOSTILE}/knot-${HOSTILE}`,
      data: { record: { extra: { error: { message: HOSTILE } } } },
    });
  } finally {
    await emitter.close?.();
    await hook.close();
  }
});

test('OpenLineage: events are as the specification wants them', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-hostile-'));
  try {
    const emitter = await createOpenLineageEmitter(
      openLineageEmitter({ namespace: 'shop', file: 'lineage.ndjson' }),
      { projectDir: folder, plan: async () => undefined, run: async () => undefined },
    );
    await emitter.deliver(events, deliveryContext());
    const lines = (await readFile(path.join(folder, 'lineage.ndjson'), 'utf8')).trim().split('\n');
    const told = lines.map((line) => JSON.parse(line) as specification.RunEvent);
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]!.job.name).toBe(`tapestry-${HOSTILE}`);
    for (const event of told) expect(faultsOf(event)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('OpenTelemetry: spans have the texts', async () => {
  const tracing = startTracing();
  try {
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const emitter = await createOpenTelemetryEmitter(openTelemetryEmitter(), { logger });
    await emitter.deliver(events, deliveryContext());
    const spans = tracing.spans();
    // An element of a map is named by the map.
    const map = `knot-${HOSTILE.slice(0, HOSTILE.indexOf('['))}`;
    expect(spans.map(({ name }) => name).sort()).toEqual([map, `tapestry-${HOSTILE}`]);
    expect(spans[0]!.events.length + spans[1]!.events.length).toBeGreaterThan(0);
  } finally {
    await tracing.stop();
  }
});
