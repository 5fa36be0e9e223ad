import { SelvageError } from '../../../src/errors';
import { bodyLogger } from '../../../src/runtime/body-logger';
import { KeptTrigger } from '../../../src/serve/kept-trigger';
import type { Trigger, TriggerHost } from '../../../src/triggers';
import { Latch } from '../../support/latch';
import { rejectionOf } from '../../support/rejection-of';

interface Kept {
  readonly trigger: KeptTrigger;
  readonly lines: string[];
  readonly made: () => number;
  readonly restarts: () => number;
}

/** A trigger that does this each time it is started; after the last, it waits to be stopped. */
function keep(runs: readonly ((host: TriggerHost) => Promise<void>)[], delays = { base: 1, max: 4 }): Kept {
  const lines: string[] = [];
  let made = 0;
  let restarts = 0;
  const write = (_: object, line: string): void => void lines.push(line);
  const trigger = new KeptTrigger({
    name: 'kafka:orders',
    make: async (): Promise<Trigger> => {
      const run = runs[made++];
      return { id: 'orders', kind: 'kafka', run: run ?? untilStopped };
    },
    accept: async () => [],
    logger: bodyLogger({ debug: write, info: write, warn: write, error: write }),
    metrics: { count() {}, lag() {}, latency() {}, restarted: () => void (restarts += 1) },
    delays,
  });
  return { trigger, lines, made: () => made, restarts: () => restarts };
}

function untilStopped({ signal }: TriggerHost): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const fails = (error: unknown) => async (): Promise<void> => {
  throw error;
};

test('a trigger that ends is started again, whatever ended it, and that is told', async () => {
  const stopping = new AbortController();
  const running = new Latch();
  const { trigger, lines, made, restarts } = keep([
    fails(new TypeError('a defect')),
    fails(new SelvageError('BackendUnavailable', 'The broker is away.')),
    async () => {},
    async (host) => {
      running.open();
      await untilStopped(host);
    },
  ]);
  const ended = trigger.run(stopping.signal);
  await running.passed;
  expect(trigger.state).toMatchObject({ ready: true });
  stopping.abort();
  await ended;
  expect(trigger.state).toMatchObject({ ready: false });
  expect([made(), restarts()]).toEqual([4, 3]);
  expect(lines).toEqual([
    expect.stringMatching(/^ended: a defect\. It is started again in \d+ s\.$/),
    expect.stringContaining('The broker is away.'),
    expect.stringContaining('returned although nobody had told it to stop'),
  ]);
});

test.each(['InvalidConfig', 'InvalidUrl', 'MissingPackage'] as const)(
  'what somebody has to correct ends it with its code: %s',
  async (code) => {
    const { trigger, made } = keep([fails(new SelvageError(code, 'Correct it.'))]);
    expect(await rejectionOf(trigger.run(new AbortController().signal))).toMatchObject({ code });
    expect(made()).toBe(1);
  },
);

test('what keeps it from delivering is its state and is told once, and so is that it delivers again', async () => {
  const stopping = new AbortController();
  const [troubled, mended, go] = [new Latch(), new Latch(), new Latch()];
  const { trigger, lines } = keep([
    async (host) => {
      host.trouble(new SelvageError('BackendUnavailable', 'The broker is away.'));
      host.trouble(new SelvageError('BackendUnavailable', 'The broker is away still.'));
      troubled.open();
      await go.passed;
      host.trouble(undefined);
      mended.open();
      await untilStopped(host);
    },
  ]);
  const ended = trigger.run(stopping.signal);
  await troubled.passed;
  expect(trigger.state).toMatchObject({ ready: false, error: 'BackendUnavailable' });
  go.open();
  await mended.passed;
  expect(trigger.state).toMatchObject({ ready: true });
  expect(trigger.state.error).toBeUndefined();
  expect(lines).toEqual(['does not deliver: BackendUnavailable: The broker is away.', 'delivers again']);
  stopping.abort();
  await ended;
});

test('a stop ends the rest before the next start', async () => {
  const stopping = new AbortController();
  const { trigger, made } = keep([fails(new Error('x'))], { base: 600_000, max: 600_000 });
  const ended = trigger.run(stopping.signal);
  setImmediate(() => stopping.abort());
  await ended;
  expect(made()).toBe(1);
});
