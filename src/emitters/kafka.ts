import { isVariable, nested, oneOf, topicName, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type EnvelopeOptions } from './envelope';
import type { RunEvent } from './event';

/** Names of existing topics. What has no topic is not sent. */
export interface KafkaTopics {
  /** Runs that start and end. */
  readonly status?: string;
  /** Knots that finish, with their records. */
  readonly lineage?: string;
  /** A message for each terminal of a run that ends: its value, or its hash where `payloadLimit` forbids the value. */
  readonly result?: string;
}

export interface KafkaEmitterOptions extends EmitterOptions, EnvelopeOptions {
  readonly topics: KafkaTopics;
  /**
   * `binary`: the attributes of the CloudEvent are headers (`ce_id`, `ce_type`, …) and the message's value is its data.
   * `structured`: the value is the whole event. Default `binary`.
   */
  readonly form?: 'binary' | 'structured';
  /**
   * Prefix of the environment variables that name the brokers, as for `kafkaTrigger`. Default `SELVAGE_KAFKA`.
   */
  readonly connection?: string;
}

export type KafkaEmitterSettings = Required<Omit<KafkaEmitterOptions, keyof EmitterOptions>>;

export type KafkaEmitterDeclaration = EmitterDeclaration<'kafka', KafkaEmitterSettings>;

const CHECKS: Checks<KafkaEmitterSettings> = {
  ...ENVELOPE_CHECKS,
  topics: nested<KafkaTopics>({ status: topicName, lineage: topicName, result: topicName }),
  form: oneOf('binary', 'structured'),
  connection: isVariable('ORDERS_KAFKA'),
};
const DEFAULTS = { ...ENVELOPE, form: 'binary', connection: 'SELVAGE_KAFKA' } as const;

/**
 * Sends CloudEvents to topics of Kafka. The key of a message is the run's id, so the events of a run stay in order.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function kafkaEmitter(options: KafkaEmitterOptions): KafkaEmitterDeclaration {
  const read = readEmitterOptions<KafkaEmitterOptions, KafkaEmitterSettings>(
    'kafka',
    options,
    CHECKS,
    DEFAULTS,
  );
  const { common, own, refuse } = read;
  const { status, lineage, result } = own.topics ?? {};
  if (status === undefined && lineage === undefined && result === undefined)
    throw refuse('topics', 'must name a topic as "status", "lineage" or "result"', 'MissingPart');
  return declareEmitter({
    kind: 'kafka',
    ...common,
    // Events without a topic need not be read.
    filter: Object.freeze({ types: typesFor(own.topics), ...common.filter }),
    options: Object.freeze({ ...own, topics: Object.freeze({ ...own.topics }) }),
  });
}

function typesFor({ status, lineage, result }: KafkaTopics): readonly RunEvent['type'][] {
  const types: (RunEvent['type'] | undefined)[] = [
    status === undefined ? undefined : 'run-started',
    lineage === undefined ? undefined : 'knot-finished',
    status === undefined && result === undefined ? undefined : 'run-ended',
  ];
  return Object.freeze(types.filter((type) => type !== undefined));
}
