import { SelvageError } from '../errors';
import { isBoolean, isVariable, text, type Checks } from '../authoring/checks';
import { isStart } from '../triggers/option-checks';
import { readOptions } from '../authoring/options';
import { isFormat, type FormattedValue, type MessageFormat } from '../triggers/message-format';
import { StreamingSource } from './source';

interface Common<Format> {
  /** How messages are read; unreadable messages are dead letters. Default `json`. */
  readonly format?: Format;
  /** Where the stream begins. Partitions that a topic gets later begin at their beginning. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
}

export interface KafkaSourceOptions<Format extends MessageFormat = 'json'> extends Common<Format> {
  readonly topic: string | readonly string[];
  /** Prefix of the connection's environment variables. Default `SELVAGE_KAFKA`. */
  readonly connection?: string;
}

export interface ValkeySourceOptions<Format extends MessageFormat = 'json'> extends Common<Format> {
  readonly stream: string;
  /**
   * The field with the value. Default `data`. `false`: the value is all fields, as an object of texts, without
   * `format`.
   */
  readonly field?: string | false;
  /** The field with an element's key, for order by key. Default: no keys. */
  readonly keyField?: string;
  /** Whether finished entries are removed from the stream. Default false. */
  readonly trim?: boolean;
  /** The environment variable with the server's URL. Default `SELVAGE_VALKEY`. */
  readonly connection?: string;
}

export type KafkaSourceSettings = Required<Omit<KafkaSourceOptions<MessageFormat>, 'topic'>> & {
  readonly topics: readonly string[];
};
export type ValkeySourceSettings = Required<Omit<ValkeySourceOptions<MessageFormat>, 'keyField'>> &
  Pick<ValkeySourceOptions, 'keyField'>;

const DEFAULTS = { format: 'json', from: 'earliest' } as const;

const KAFKA: Checks<KafkaSourceOptions<MessageFormat>> = {
  topic: (value) => {
    const topics: unknown[] = Array.isArray(value) ? value : [value];
    const isGood = topics.length > 0 && topics.every((topic) => text(topic) === undefined);
    return isGood ? undefined : 'must be the name of a topic, or a list of them';
  },
  connection: isVariable('ORDERS_KAFKA'),
  format: isFormat,
  from: isStart,
};

const VALKEY: Checks<ValkeySourceOptions<MessageFormat>> = {
  stream: text,
  field: (value) => (value === false ? undefined : text(value)),
  keyField: text,
  trim: isBoolean,
  connection: isVariable('ORDERS_VALKEY'),
  format: isFormat,
  from: isStart,
};

/**
 * Messages of topics. A partition of a topic is a partition of the source, with its offsets; elements have the keys of
 * messages. The source uses no consumer groups: the stream's checkpoint has its progress.
 */
export class KafkaStreamingSource<Format extends MessageFormat = 'json'> extends StreamingSource<
  FormattedValue<Format>
> {
  readonly kind = 'kafka';
  readonly options: KafkaSourceSettings;

  /** @throws SelvageError `InvalidConfig` */
  constructor(options: KafkaSourceOptions<Format>) {
    super();
    const read = readOptions<KafkaSourceOptions<MessageFormat>>('KafkaStreamingSource', options, KAFKA);
    const { topic, ...given } = read;
    requirePart('KafkaStreamingSource', 'topic', topic);
    const topics = typeof topic === 'string' ? [topic] : topic;
    this.options = Object.freeze({ ...DEFAULTS, connection: 'SELVAGE_KAFKA', ...given, topics });
  }
}

/** The entries of a Valkey stream, in the order of their ids. */
export class ValkeyStreamingSource<Format extends MessageFormat = 'json'> extends StreamingSource<
  FormattedValue<Format>
> {
  readonly kind = 'valkey';
  readonly options: ValkeySourceSettings;

  /** @throws SelvageError `InvalidConfig` */
  constructor(options: ValkeySourceOptions<Format>) {
    super();
    const given = readOptions<ValkeySourceOptions<MessageFormat>>('ValkeyStreamingSource', options, VALKEY);
    requirePart('ValkeyStreamingSource', 'stream', given.stream);
    const own = { connection: 'SELVAGE_VALKEY', field: 'data', trim: false };
    this.options = Object.freeze({ ...DEFAULTS, ...own, ...given });
  }
}

function requirePart(owner: string, option: string, value: unknown): void {
  if (value !== undefined) return;
  throw new SelvageError('InvalidConfig', `${owner} has no "${option}": name what to read.`, {
    details: { owner, option, reason: 'MissingPart' },
  });
}
