import { SelvageError } from '../../errors';
import { pause } from '../../ports/parts/pause';
import {
  chosenTopics,
  triggerName,
  type KafkaTriggerDeclaration,
  type Trigger,
  type TriggerHost,
} from '../../triggers';
import type { ConsumeOptions, KafkaClient } from './broker';
import { kafkaOpener, type OpenKafka } from './client';
import { NO_PARTITION, Reading, type Delays } from './reading';
import { Troubles } from '../../ports/parts/troubles';
import { backOff } from '../../values/back-off';

/** In milliseconds. */
interface TriggerDelays extends Delays {
  /** The time between two looks at the existing topics. */
  readonly scan: number;
}

/** @internal For tests, and for another client. */
export interface KafkaTriggerParts {
  /** Opens a client, which is closed when the trigger ends; by default kafkajs, configured by the environment. */
  readonly open?: OpenKafka;
  readonly delays?: Partial<TriggerDelays>;
}

const DELAYS: TriggerDelays = { base: 1_000, max: 30_000, jitter: 0.5, commit: 200, scan: 60_000 };

/**
 * Makes the source of events that a Kafka trigger declares. The trigger's `run` survives outages of brokers, deaths of
 * its consumer and all that prevents starts of runs. `run` rejects with `MissingPackage` if kafkajs is missing.
 *
 * @throws SelvageError `InvalidConfig`, for the environment variables that configure Kafka
 */
export function createKafkaTrigger(
  declaration: KafkaTriggerDeclaration,
  { open, delays }: KafkaTriggerParts = {},
): Trigger {
  return new KafkaTrigger(declaration, open ?? kafkaOpener(declaration.options.connection), {
    ...DELAYS,
    ...delays,
  });
}

type Topics = ConsumeOptions['topics'];

class KafkaTrigger implements Trigger {
  readonly id: string;
  readonly kind = 'kafka';
  /** The topics that existed at the beginning; any later topic is read from its first message. */
  #first: ReadonlySet<string> | undefined;

  constructor(
    private readonly declaration: KafkaTriggerDeclaration,
    private readonly open: OpenKafka,
    private readonly delays: TriggerDelays,
  ) {
    this.id = declaration.id;
  }

  async run(host: TriggerHost): Promise<void> {
    const troubles = new Troubles<SelvageError, string>((error, note) => host.trouble(error, note));
    troubles.set(CONSUMER, waitsForGroup(this.declaration));
    const client = await this.open({ logger: host.logger });
    let failures = 0;
    try {
      while (!host.signal.aborted) {
        const reading = new Reading({
          declaration: this.declaration,
          client,
          host,
          troubles,
          delays: this.delays,
        });
        const began = performance.now();
        try {
          await this.#read(reading, client, host, troubles);
        } catch (error) {
          // After a long time of work, a failure counts as the first one again.
          if (performance.now() - began > this.delays.max) failures = 0;
          const wait = backOff(this.delays, failures++, Math.random());
          const isBrief = SelvageError.is(error) && error.details['brief'] === true;
          if (!isBrief || failures > 1) troubles.set(CONSUMER, readingTrouble(error, this.declaration));
          await pause(wait, host.signal);
        }
      }
    } finally {
      await client.close();
    }
  }

  /** Reads until the signal, or until the list of topics changes. The promise rejects when the consumer dies. */
  async #read(
    reading: Reading,
    client: KafkaClient,
    host: TriggerHost,
    troubles: Troubles<SelvageError, string>,
  ): Promise<void> {
    const topics = await this.#topics(client, troubles);
    if (topics.length === 0) {
      troubles.set(CONSUMER, undefined);
      await pause(this.delays.scan, host.signal);
      return;
    }
    const over = new AbortController();
    const signal = AbortSignal.any([host.signal, over.signal]);
    try {
      await reading.start(
        topics,
        () => troubles.set(CONSUMER, waitsForGroup(this.declaration)),
        (count) => {
          troubles.set(CONSUMER, undefined);
          troubles.note(count === 0 ? NO_PARTITION : undefined);
        },
      );
      await Promise.race([reading.ended, this.#othersCome(topics, client, signal)]);
    } finally {
      over.abort();
      await reading.stop();
    }
  }

  async #topics(client: KafkaClient, troubles: Troubles<SelvageError, string>): Promise<Topics> {
    const { options } = this.declaration;
    const existing = await client.topics();
    this.#first ??= new Set(existing);
    const missing = options.topics.filter(
      (topic): topic is string => typeof topic === 'string' && !existing.includes(topic),
    );
    troubles.set(TOPICS, missing.length > 0 ? missingTopics(missing, this.declaration) : undefined);
    return chosenTopics(options, existing).map((name) => ({
      name,
      from: this.#first!.has(name) ? options.from : 'earliest',
    }));
  }

  /** Waits until the topics have changed or the signal is aborted. */
  async #othersCome(topics: Topics, client: KafkaClient, signal: AbortSignal): Promise<void> {
    const { options } = this.declaration;
    const names = topics.map(({ name }) => name).join();
    for (;;) {
      await pause(this.delays.scan, signal);
      if (signal.aborted) return;
      try {
        if (chosenTopics(options, await client.topics()).join() !== names) return;
      } catch {
        // An outage needs no report here, because the consumer meets the same outage.
      }
    }
  }
}

/** The parts of a trigger that may have troubles, besides its partitions. */
const CONSUMER = 'consumer';
const TOPICS = 'topics';

function readingTrouble(error: unknown, declaration: KafkaTriggerDeclaration): SelvageError {
  const why = error instanceof Error ? error.message : String(error);
  const isOurs = SelvageError.is(error);
  return new SelvageError(
    isOurs ? error.code : 'DeliveryFailed',
    `The consumer of ${triggerName(declaration)} ended and is built anew: ${why}`,
    { details: isOurs ? error.details : {}, cause: error },
  );
}

function waitsForGroup(declaration: KafkaTriggerDeclaration): SelvageError {
  const { group } = declaration.options;
  return new SelvageError(
    'ConsumerRebalancing',
    `${triggerName(declaration)} waits for its group "${group}" to share out the partitions. A member that was killed on another machine leaves the group after 30 s.`,
    { details: { group, brief: true } },
  );
}

function missingTopics(missing: readonly string[], declaration: KafkaTriggerDeclaration): SelvageError {
  return new SelvageError(
    'UnknownTopic',
    `Kafka has no topic ${missing.join(', ')}, which ${triggerName(declaration)} is to read. Create it, or correct the name; it is looked for again each minute.`,
    { details: { topics: missing } },
  );
}
