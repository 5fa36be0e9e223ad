/**
 * Program: delivers a history to a file, one line for each event, until it is killed or its parent goes. It kills itself at a named
 * point, if it is given one.
 */
import { appendFileSync } from 'node:fs';
import {
  emitter,
  kafkaEmitter,
  valkeyEmitter,
  webhookEmitter,
  type EmitterDeclaration,
  type KafkaEmitterOptions,
  type ValkeyEmitterOptions,
  type WebhookEmitterOptions,
} from '../../src';
import { openBackends } from '../../src/backends';
import { Deliveries } from '../../src/deliveries';
import type { EmitterTable, RunHistory } from '../../src/ports';

export interface ConsumerOrders {
  readonly url: string;
  /** Lines: the event's id. */
  readonly received: string;
  readonly leaseTtl: number;
  readonly batchSize?: number;
  /** Delivers there instead of to the file. Addresses are in the environment. */
  readonly sink?: Sink;
  /** Where it kills itself: amid a delivery, or when all of a batch is delivered and not noted. */
  readonly dieAt?: 'during-deliver' | 'before-advance';
}

export type Sink =
  | { readonly kafka: KafkaEmitterOptions }
  | { readonly valkey: ValkeyEmitterOptions }
  | { readonly webhook: WebhookEmitterOptions };

function emitterOf(sink: Sink): EmitterDeclaration {
  if ('kafka' in sink) return kafkaEmitter(sink.kafka);
  return 'valkey' in sink ? valkeyEmitter(sink.valkey) : webhookEmitter(sink.webhook);
}

const die = (): never => process.kill(process.pid, 'SIGKILL') as never;

function dyingBeforeAdvance(history: RunHistory): RunHistory {
  const table = history.emitterTableBeside!();
  const dying = new Proxy(table, {
    get(target, name) {
      const member = target[name as keyof EmitterTable];
      if (name === 'advance')
        return (...given: Parameters<EmitterTable['advance']>) =>
          given[2].delivered > 0 ? die() : target.advance(...given);
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
    },
  });
  history.emitterTableBeside = () => dying;
  return history;
}

async function consume({ url, received, leaseTtl, batchSize, sink, dieAt }: ConsumerOrders): Promise<void> {
  const backends = await openBackends({ url });
  if (dieAt === 'before-advance') dyingBeforeAdvance(backends.runHistory);
  const toFile = emitter(
    'file',
    async (events) => {
      for (const [index, { id }] of events.entries()) {
        if (dieAt === 'during-deliver' && index === Math.floor(events.length / 2)) die();
        appendFileSync(received, `${id}\n`);
      }
    },
    { from: 'beginning', ...(batchSize !== undefined && { batchSize }) },
  );
  const ignore = (): void => {};
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const to = sink ? emitterOf(sink) : toFile;
  await Deliveries.start({ backends, emitters: [to], logger, projectDir: '.', leaseTtl });
  process.send!('running');
}

process.on('disconnect', () => process.exit());
consume(JSON.parse(process.argv[2]!) as ConsumerOrders).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
