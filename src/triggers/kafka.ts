/* eslint-disable @typescript-eslint/no-explicit-any -- of tapestries and bodies of whatever types */
import { SelvageError } from '../errors';
import type { Tapestry } from '../authoring';
import { checkName } from '../authoring/names';
import {
  duration,
  isFunction,
  isVariable,
  LONGEST_TOPIC,
  nested,
  shown,
  topicName,
  unchecked,
  whole,
  type Checks,
} from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { durationMs, type Duration } from '../values/duration';
import type { StandardSchema } from '../authoring/standard-schema';
import { declareTrigger, triggerName, type TriggerDeclaration } from './declaration';
import { isFormat, type FormattedValue, type Mapped, type MessageFormat } from './message-format';
import { refusalOf, type Refusal } from '../authoring/refusal';
import { isStart, isText, lineOf, ownerOf, requireTapestry } from './option-checks';

/** The value; null if the message has none, as a tombstone. A schema decides about null itself. */
export type KafkaValue<Format extends MessageFormat> = Format extends StandardSchema
  ? FormattedValue<Format>
  : FormattedValue<Format> | null;

/** A message as passed to `map`. */
export interface KafkaMessage<Value = unknown> {
  readonly value: Value;
  /** The key as UTF-8; null if there is none. */
  readonly key: string | null;
  /** Headers by name, as UTF-8; if several share a name, the last one counts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: Date;
}

interface CommonOptions<Format extends MessageFormat> {
  /** An id, unique among the project's Kafka triggers. The record of started messages is kept under this id. */
  readonly id: string;
  /** Names or patterns of topics, refreshed each minute. Patterns match no `__…` topics and no dead letters. */
  readonly topics: string | RegExp | readonly (string | RegExp)[];
  /** The consumer group, of this trigger alone. Default: `id`. */
  readonly group?: string;
  /** How values are read. Default `json`. */
  readonly format?: Format;
  /** Where a group without a committed offset begins. Default `earliest`, which misses nothing. */
  readonly from?: 'earliest' | 'latest';
  /** The topic for messages that can never start a run. Created if missing. Default: `<topic>.dead-letters`. */
  readonly deadLetters?: string;
  /** At most this many concurrent starts of runs, 1 to 10,000; more messages wait in the broker. Default 100. */
  readonly window?: number;
  /** Prefix of a cluster's environment variables (docs/adapters/kafka.md). Default `SELVAGE_KAFKA`. */
  readonly connection?: string;
}

export interface KafkaMessageOptions<
  Parameters extends object,
  Format extends MessageFormat,
> extends CommonOptions<Format> {
  /**
   * The identity of a message. Default: topic, partition, offset and timestamp. `{ header }`: this header, so that an
   * event counts once however often it was sent. Messages without the header, or with other contents under the same
   * key, become dead letters.
   */
  readonly key?: { readonly header: string };
  /** Returns the run's parameters, or nothing for no run. If `map` throws: a dead letter. Default: the value. */
  readonly map?: (message: KafkaMessage<KafkaValue<Format>>) => Mapped<Parameters>;
  readonly batch?: undefined;
}

export interface KafkaBatchOptions<
  Parameters extends object,
  Format extends MessageFormat,
> extends CommonOptions<Format> {
  /**
   * Passes messages of a partition to one run, in order: `maxSize` messages (at most 10,000), or messages that arrive
   * within `maxWait` after the first (default 1 s).
   */
  readonly batch: { readonly maxSize: number; readonly maxWait?: Duration };
  /** Returns the run's parameters, or nothing for no run. If `map` throws, all messages become dead letters. */
  readonly map: (messages: readonly KafkaMessage<KafkaValue<Format>>[]) => Mapped<Parameters>;
  /** A batch is identified by its first message. */
  readonly key?: undefined;
}

export type KafkaTriggerOptions<Parameters extends object, Format extends MessageFormat = 'json'> =
  KafkaMessageOptions<Parameters, Format> | KafkaBatchOptions<Parameters, Format>;

/** Checked options, with defaults. */
export interface KafkaSettings
  extends
    Required<Pick<CommonOptions<MessageFormat>, 'group' | 'format' | 'from' | 'window' | 'connection'>>,
    Pick<CommonOptions<MessageFormat>, 'deadLetters'>,
    Pick<KafkaMessageOptions<object, MessageFormat>, 'key'> {
  readonly topics: readonly (string | RegExp)[];
  readonly batch?: { readonly maxSize: number; readonly maxWaitMs: number };
  /** Takes a {@link KafkaMessage}, or a list of messages. */
  readonly map?: (body: any) => unknown;
}

export type KafkaTriggerDeclaration = TriggerDeclaration<'kafka', KafkaSettings>;

/**
 * Starts a run for each message of Kafka topics, exactly once, however often it is delivered. The trigger is a
 * declaration: export it beside the tapestry; `selvage serve FILE` or `serve()` makes it work. An offset is committed
 * when the run is durably started, so a crash loses no message.
 *
 * A message that itself cannot start a run goes to a dead-letter topic, with the reason. Any other failure is
 * retried for ever: nothing is dropped.
 *
 * @throws SelvageError `InvalidName` (of the id), `InvalidConfig`
 */
export function kafkaTrigger<Parameters extends object, Format extends MessageFormat = 'json'>(
  tapestry: Tapestry<Parameters, any>,
  options: KafkaMessageOptions<Parameters, Format>,
): KafkaTriggerDeclaration;
export function kafkaTrigger<Parameters extends object, Format extends MessageFormat = 'json'>(
  tapestry: Tapestry<Parameters, any>,
  options: KafkaBatchOptions<Parameters, Format>,
): KafkaTriggerDeclaration;
export function kafkaTrigger(tapestry: Tapestry<any, any>, options: object): KafkaTriggerDeclaration {
  requireTapestry('A Kafka trigger', tapestry);
  const owner = ownerOf('kafka', options, 'a Kafka trigger');
  const { id, topics, batch, ...given } = readOptions<CheckedOptions>(owner, options, KAFKA_CHECKS);
  const refuse = refusalOf(owner);
  checkName('trigger', id);
  const settings: KafkaSettings = {
    group: id,
    format: 'json',
    from: 'earliest',
    window: DEFAULT_WINDOW,
    connection: DEFAULT_CONNECTION,
    ...given,
    topics: topicsOf(topics, refuse),
    ...(batch && {
      batch: { maxSize: batch.maxSize, maxWaitMs: durationMs(batch.maxWait ?? DEFAULT_MAX_WAIT_MS)! },
    }),
  };
  checkTogether(settings, refuse);
  return declareTrigger({ kind: 'kafka', id, tapestry, options: Object.freeze(settings) });
}

export function isKafkaTrigger(declaration: TriggerDeclaration): declaration is KafkaTriggerDeclaration {
  return declaration.kind === 'kafka';
}

/**
 * Triggers of one consumer group would share its messages, and kafkajs leaves partitions unread if members
 * want different topics.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function requireOwnGroups(triggers: readonly TriggerDeclaration[]): void {
  const owners = new Map<string, string>();
  for (const trigger of triggers.filter(isKafkaTrigger)) {
    const { connection, group } = trigger.options;
    const place = `${connection} ${group}`;
    const [name, other] = [triggerName(trigger), owners.get(place)];
    owners.set(place, name);
    if (other === undefined || other === name) continue;
    throw new SelvageError(
      'InvalidConfig',
      `The triggers ${other} and ${name} have the same consumer group "${group}", so each would get only some of the messages. Give one of them another \`group\`.`,
      { details: { triggers: [other, name], option: 'group', reason: 'Conflict' } },
    );
  }
}

export function deadLettersOf({ deadLetters }: Pick<KafkaSettings, 'deadLetters'>, topic: string): string {
  return deadLetters ?? `${topic}${DEAD_LETTERS}`;
}

export function chosenTopics(
  { topics, deadLetters }: Pick<KafkaSettings, 'topics' | 'deadLetters'>,
  existing: readonly string[],
): string[] {
  const isDeadLetters = (name: string): boolean =>
    deadLetters === undefined ? name.endsWith(DEAD_LETTERS) : name === deadLetters;
  return existing.filter((name) =>
    topics.some((topic) =>
      typeof topic === 'string'
        ? topic === name
        : topic.test(name) && !name.startsWith('__') && !isDeadLetters(name),
    ),
  );
}

const DEAD_LETTERS = '.dead-letters';
const DEFAULT_CONNECTION = 'SELVAGE_KAFKA';
const DEFAULT_WINDOW = 100;
const DEFAULT_MAX_WAIT_MS = 1_000;
const LARGEST = 10_000;

interface CheckedOptions extends CommonOptions<MessageFormat>, Pick<KafkaSettings, 'key' | 'map'> {
  readonly batch?: KafkaBatchOptions<object, MessageFormat>['batch'];
}

const line = lineOf(255);

export const KAFKA_CHECKS: Checks<CheckedOptions> = {
  id: isText,
  topics: unchecked,
  group: line,
  format: isFormat,
  from: isStart,
  deadLetters: topicName,
  window: whole(1, LARGEST),
  connection: isVariable('ORDERS_KAFKA'),
  key: nested({ header: line }, ['header']),
  batch: nested({ maxSize: whole(1, LARGEST), maxWait: duration(0) }, ['maxSize']),
  map: isFunction,
};

function topicsOf(given: unknown, refuse: Refusal): readonly (string | RegExp)[] {
  if (given === undefined) throw refuse('topics', 'is missing', 'MissingPart');
  const topics: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (topics.length === 0) throw refuse('topics', 'must have a topic', 'MissingPart');
  return Object.freeze(
    topics.map((topic) => {
      // With the flag g or y, the expression would remember its position and match every other time.
      if (isPattern(topic)) return new RegExp(topic.source, topic.flags.replace(/[gy]/g, ''));
      const complaint = topicName(topic);
      if (complaint === undefined) return topic as string;
      throw refuse('topics', `has ${shown(topic)}, which ${complaint}, or a pattern such as /^orders\\./`);
    }),
  );
}

/** Of any realm. */
function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]';
}

function checkTogether(settings: KafkaSettings, refuse: Refusal): void {
  const { batch, key, map, topics } = settings;
  if (batch && key) {
    throw refuse('key', 'does not go with "batch": batches are told apart by where they begin', 'Conflict');
  }
  if (batch && !map) {
    throw refuse(
      'map',
      'is missing: it makes the parameters of a run of the messages of a "batch"',
      'MissingPart',
    );
  }
  for (const topic of topics) {
    if (typeof topic !== 'string') continue;
    const deadLetters = deadLettersOf(settings, topic);
    if (deadLetters === topic) {
      throw refuse('deadLetters', `names "${topic}", which the trigger reads itself`, 'Conflict');
    }
    if (deadLetters.length > LONGEST_TOPIC) {
      throw refuse(
        'topics',
        `has "${topic}", whose name is too long for one of dead letters: give "deadLetters"`,
      );
    }
  }
}
