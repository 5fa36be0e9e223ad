import { SelvageError } from '../../errors';
import {
  enveloped,
  factsOf,
  payloadOf,
  sendInHalves,
  toCloudEvent,
  type CloudEvent,
  type DeliveryContext,
  type Emitter,
  type KafkaEmitterDeclaration,
  type KafkaEmitterSettings,
  type RejectedEvent,
  type RunEnded,
  type RunEvent,
} from '../../emitters';
import type { KafkaClient, OutgoingMessage } from './broker';
import { kafkaOpener, type OpenKafka } from './client';

/** @internal For tests, and for another client. */
interface KafkaEmitterParts {
  /** Opens the client; by default kafkajs, configured by the environment. */
  readonly open?: OpenKafka;
}

/** The most bytes that are sent together. By default, a topic takes messages and batches of about a million bytes. */
const TOGETHER_BYTES = 512 * 1024;

interface Outgoing {
  readonly eventId: string;
  readonly topic: string;
  readonly message: OutgoingMessage & { readonly value: string };
}

/**
 * Makes the emitter that a declaration describes. The emitter connects at the first delivery.
 *
 * @throws SelvageError `InvalidConfig`, for the environment variables that configure Kafka
 */
export function createKafkaEmitter(
  { options }: KafkaEmitterDeclaration,
  { open = kafkaOpener(options.connection) }: KafkaEmitterParts = {},
): Emitter {
  let client: Promise<KafkaClient> | undefined;
  return {
    async deliver(events, context) {
      const outgoing: (readonly Outgoing[])[] = [];
      for (const event of events) outgoing.push(await messagesOf(event, options, context));
      client ??= open({ logger: context.logger, idempotent: true });
      let opened: KafkaClient;
      try {
        opened = await client;
      } catch (error) {
        client = undefined;
        throw error;
      }
      // Messages in progress must not mix with those of the next delivery.
      const drop = (): void => {
        client = undefined;
        void opened.close();
      };
      const rejected = new Map<string, RejectedEvent>();
      context.signal.addEventListener('abort', drop, { once: true });
      try {
        for (const some of sentTogether(outgoing, options)) {
          context.signal.throwIfAborted();
          const tooLarge = await sendInHalves(some, (part) => send(opened, part));
          for (const { eventId: id, topic } of tooLarge)
            rejected.set(id, { id, reason: `The topic ${topic} does not take messages of this size.` });
        }
      } finally {
        context.signal.removeEventListener('abort', drop);
      }
      return { rejected: [...rejected.values()] };
    },
    async close() {
      await (await client?.catch(() => undefined))?.close();
    },
  };
}

/**
 * Groups messages by topic. Records and values precede the status of their event and of later ones, so that a reader
 * who learns of a run's end finds them.
 */
function* sentTogether(
  byEvent: readonly (readonly Outgoing[])[],
  { topics: { status, lineage, result } }: KafkaEmitterSettings,
): Iterable<readonly Outgoing[]> {
  const order = [...new Set([status, result, lineage])].reverse();
  let open: Outgoing[] = [];
  let bytes = 0;
  for (const [index, messages] of byEvent.entries()) {
    open.push(...messages);
    for (const { message } of messages) bytes += Buffer.byteLength(message.value);
    if (bytes < TOGETHER_BYTES && index < byEvent.length - 1) continue;
    for (const topic of order) {
      const some = open.filter((one) => one.topic === topic);
      if (some.length > 0) yield some;
    }
    open = [];
    bytes = 0;
  }
}

/** Returns false if the messages exceed the topic's limit, which counts the messages of a partition together. */
async function send(client: KafkaClient, outgoing: readonly Outgoing[]): Promise<boolean> {
  const messages = outgoing.map(({ message }) => message);
  try {
    await client.send(outgoing[0]!.topic, messages);
    return true;
  } catch (error) {
    if (SelvageError.is(error) && error.details['isTooLarge'] === true) return false;
    throw error;
  }
}

async function messagesOf(
  event: RunEvent,
  options: KafkaEmitterSettings,
  context: DeliveryContext,
): Promise<Outgoing[]> {
  const { status, lineage, result } = options.topics;
  const to = (topic: string, cloudEvent: CloudEvent): Outgoing => ({
    eventId: event.id,
    topic,
    message: messageOf(cloudEvent, options),
  });
  if (event.type === 'knot-finished')
    return lineage === undefined ? [] : [to(lineage, await enveloped(event, options, context))];
  const sent: Outgoing[] = [];
  if (event.type === 'run-ended' && result !== undefined)
    for (const one of await resultsOf(event, options, context)) sent.push(to(result, one));
  if (status !== undefined) sent.push(to(status, toCloudEvent(event, options)));
  return sent;
}

/** Makes an event for each recorded terminal of a run. */
async function resultsOf(
  event: RunEnded,
  { source, payloadLimit }: KafkaEmitterSettings,
  context: DeliveryContext,
): Promise<CloudEvent[]> {
  const { run, id } = event;
  const terminals = Object.entries(run.terminals);
  const records = await context.records(run.temporal_run_id, [...new Set(Object.values(run.terminals))]);
  const byKnot = new Map(records.map((record) => [record.knot_id, record]));
  const made: CloudEvent[] = [];
  for (const [terminal, knot] of terminals) {
    const record = byKnot.get(knot);
    if (!record) continue;
    const { outcome, output_hash, output_size } = record;
    const payload = await payloadOf(record, payloadLimit, (hash) => context.value(hash));
    made.push({
      ...toCloudEvent(event, { source }),
      id: `${id}/${terminal}`,
      subject: `${run.run_id}/${knot}`,
      type: 'dev.selvage.run.result',
      outcome,
      data: { run: factsOf(run), terminal, knot_id: knot, outcome, output_hash, output_size, ...payload },
    });
  }
  return made;
}

/** Writes the event by the Kafka protocol binding of CloudEvents 1.0. */
function messageOf(event: CloudEvent, { form }: KafkaEmitterSettings): Outgoing['message'] {
  const key = event.partitionkey;
  if (form === 'structured') {
    const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
    return { key, headers, value: JSON.stringify(event) };
  }
  const { data, datacontenttype, ...attributes } = event;
  const headers = Object.entries(attributes).map(([name, text]) => [`ce_${name}`, String(text)]);
  return {
    key,
    headers: { ...Object.fromEntries(headers), 'content-type': datacontenttype },
    value: JSON.stringify(data),
  };
}
