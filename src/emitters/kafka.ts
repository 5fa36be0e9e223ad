import { isVariable, nested, oneOf, topicName, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type EnvelopeOptions } from './envelope';
import type { RunEvent } from './event';

/** Existing topics. Events without a topic are not sent. */
export interface KafkaTopics {
  /** Topic for started and ended runs. */
  readonly status?: string;
  /** Topic for finished knots, with their records. */
  readonly lineage?: string;
  /** Topic with a message for each terminal of an ended run: its value, or its hash beyond `payloadLimit`. */
  readonly result?: string;
}

export interface KafkaEmitterOptions extends EmitterOptions, EnvelopeOptions {
  readonly topics: KafkaTopics;
  /**
   * `binary` (default): attributes as headers (`ce_id`, `ce_type`, …), and the data as the message's value.
   * `structured`: the whole event as its value.
   */
  readonly form?: 'binary' | 'structured';
  /** Prefix of the brokers' environment variables, as for `kafkaTrigger`. Default `SELVAGE_KAFKA`. */
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
 * Sends CloudEvents to Kafka topics. The message key is the run's id, so a run's events stay in order.
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
    // The emitter does not read events without a topic.
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
