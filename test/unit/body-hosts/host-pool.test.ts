import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { HostPool, type StartedHost } from '../../../src/body-hosts/host-pool';
import type { Frame, Link } from '../../../src/body-hosts/protocol/link';
import { HostLost, type BodyCall } from '../../../src/runtime';

const NAMES = ['plain', 'async'] as const;

/** A host whose words, and whose end, are given by the test. */
class SpokenHost implements StartedHost, Link {
  readonly mostHeaderBytes = 1024 * 1024;
  readonly link = this;
  readonly gone: Promise<void>;
  /** Bodies that it runs, by the number of their call. */
  readonly running = new Map<number, { readonly body: string; readonly knot: string }>();
  isReady = false;
  isOver = false;
  #gone!: () => void;
  #onFrame: (frame: Frame) => void = () => undefined;
  #onEnd: (reason: Error | undefined) => void = () => undefined;

  constructor(
    readonly name: string,
    readonly concurrency: number,
  ) {
    this.gone = new Promise((resolve) => (this.#gone = resolve));
  }

  hold(): void {}

  onFrame(listener: (frame: Frame) => void): void {
    this.#onFrame = listener;
  }

  onEnd(listener: (reason: Error | undefined) => void): void {
    this.#onEnd = listener;
  }

  close(): void {
    this.kill();
  }

  kill(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onEnd(new Error('it was ended'));
    this.#gone();
  }

  send(header: string): void {
    const said = JSON.parse(header) as {
      type: string;
      id: number;
      body: string;
      context: { knotId: string };
    };
    if (said.type === 'describe') {
      const bodies = NAMES.map((name) => ({ name, isAsync: name === 'async' }));
      this.#say({ type: 'described', id: said.id, bodies });
    }
    if (said.type === 'call') this.running.set(said.id, { body: said.body, knot: said.context.knotId });
    if (said.type === 'cancel' && this.running.delete(said.id))
      this.#say({ type: 'error', id: said.id, error: { type: 'Cancelled', message: 'as asked' } });
  }

  ready(): void {
    this.isReady = true;
    this.#say({ type: 'ready', protocol: 1, language: 'test', concurrency: this.concurrency });
  }

  refuse(): void {
    this.#say({ type: 'refused', error: { type: 'HostNotUsable', message: 'no' } });
  }

  answer(call: number): void {
    const { knot } = this.running.get(call)!;
    this.running.delete(call);
    this.#say({ type: 'value', id: call, value: knot });
  }

  get occupied(): number {
    return [...this.running.values()].filter(({ body }) => body === 'plain').length;
  }

  #say(header: Record<string, unknown>): void {
    if (!this.isOver) this.#onFrame({ header, attachments: [] });
  }
}

type Step =
  | { readonly what: 'call'; readonly body: (typeof NAMES)[number] }
  | { readonly what: 'ready' | 'refuse' | 'answer' | 'die' | 'abort'; readonly which: number };

const which = fc.nat(20);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('call' as const), body: fc.constantFrom(...NAMES) }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('ready' as const), which }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('answer' as const), which }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('refuse', 'die', 'abort'), which }) },
);

test('however hosts start and end: none has more bodies than it takes, none is idle while one waits, and each call ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      fc.array(STEP, { maxLength: 30 }),
      async (size, concurrency, steps) => {
        const hosts: SpokenHost[] = [];
        let refusals = 0;
        const pool = new HostPool(
          () => {
            const host = new SpokenHost(`host ${hosts.length}`, concurrency);
            hosts.push(host);
            return host;
          },
          size,
          () => undefined,
        );
        const opened = pool.open([]);
        hosts[0]!.ready();
        await opened;
        const calls = new Map<
          string,
          { readonly stop: AbortController; readonly body: string; isOver: boolean; end?: unknown }
        >();
        const begun = new Set<string>();
        const alive = (): SpokenHost[] => hosts.filter(({ isOver }) => !isOver);
        const settle = async (): Promise<void> => {
          for (let turns = 0; turns < 3; turns++) await turn();
        };
        const take = (step: Step): void => {
          if (step.what === 'call') {
            const knot = `k${calls.size}`;
            const stop = new AbortController();
            const call = { stop, body: step.body, isOver: false, end: undefined as unknown };
            calls.set(knot, call);
            const context = {
              runId: 'r',
              knotId: knot,
              attempt: 1,
              idempotencyKey: 'i',
              signal: stop.signal,
            };
            const given = { inputs: {}, context, policy: {}, begins: () => begun.add(knot) };
            void pool.call(step.body, given as unknown as BodyCall).then(
              (value) => Object.assign(call, { isOver: true, end: value }),
              (error: unknown) => Object.assign(call, { isOver: true, end: error }),
            );
            return;
          }
          const of = <T>(all: readonly T[]): T | undefined => all[step.which % Math.max(1, all.length)];
          const starting = of(alive().filter(({ isReady }) => !isReady));
          if (step.what === 'ready') starting?.ready();
          if (step.what === 'refuse' && starting) {
            refusals += 1;
            starting.refuse();
          }
          if (step.what === 'die') of(alive().filter(({ isReady }) => isReady))?.kill();
          if (step.what === 'abort')
            of([...calls.values()].filter(({ isOver }) => !isOver))?.stop.abort(new Error('stop'));
          if (step.what === 'answer') {
            const host = of(alive().filter(({ running }) => running.size > 0));
            if (host) host.answer(of([...host.running.keys()])!);
          }
        };
        const check = (): void => {
          expect(alive().length).toBeLessThanOrEqual(size);
          for (const host of alive()) expect(host.occupied).toBeLessThanOrEqual(concurrency);
          const taken = new Set(
            hosts.flatMap(({ running }) => [...running.values()].map(({ knot }) => knot)),
          );
          const waiting = [...calls].filter(([knot, { isOver }]) => !isOver && !taken.has(knot));
          for (const [knot] of waiting) expect([knot, begun.has(knot)]).toEqual([knot, false]);
          const starting = alive().filter(({ isReady }) => !isReady).length;
          if (waiting.length > starting) {
            for (const host of alive()) if (host.isReady) expect(host.occupied).toBe(concurrency);
            if (refusals === 0) expect(alive().length).toBe(size);
          }
        };
        for (const step of steps) {
          take(step);
          await settle();
          check();
        }
        for (let left = 200; [...calls.values()].some(({ isOver }) => !isOver) && left > 0; left--) {
          take({ what: 'ready', which: 0 });
          take({ what: 'answer', which: 0 });
          await settle();
          check();
        }
        for (const [knot, { isOver, end, stop }] of calls) {
          expect([knot, isOver]).toEqual([knot, true]);
          if (!(end instanceof Error)) expect(end).toBe(knot);
          else if (!(end instanceof HostLost) && !stop.signal.aborted)
            expect([end.message, refusals > 0]).toEqual([end.message, true]);
        }
        await pool.close();
      },
    ),
    { numRuns: Number(process.env['CASES'] ?? 200) },
  );
});
