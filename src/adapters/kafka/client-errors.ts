import { SelvageError, type ErrorCode } from '../../errors';
import type { KafkaConnection } from './connection';

interface Meaning {
  /** The pattern is matched against names, types and messages of the error and its causes. */
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** Whether the trouble may end without anybody's action. */
  readonly away?: true;
  /** Whether the trouble happens when brokers start or fail over, and ends soon. */
  readonly brief?: true;
  readonly isTooLarge?: true;
  /** The words that follow "Kafka at BROKERS" in the message. */
  readonly says: string;
}

/** The first rule that matches counts. */
const MEANINGS: readonly Meaning[] = [
  {
    pattern: /SASL_AUTHENTICATION_FAILED|KafkaJSSASLAuthenticationError/,
    code: 'BrokerRefused',
    says: 'does not let this user in. Correct {prefix}_USERNAME, {prefix}_PASSWORD and {prefix}_SASL.',
  },
  {
    pattern: /(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED/,
    code: 'BrokerRefused',
    says: 'does not let this user do what is needed ({reason}). docs/adapters/kafka.md has the rights that it needs.',
  },
  {
    pattern: /self.signed|certificate|altname/i,
    code: 'BrokerRefused',
    says: 'has a certificate that is not trusted ({reason}). Let {prefix}_TLS_CA name the file of its authority.',
  },
  {
    pattern: /UNKNOWN_TOPIC_OR_PARTITION/,
    code: 'UnknownTopic',
    says: 'has no such topic or partition ({reason}).',
  },
  {
    pattern: /KafkaJSNotImplemented/,
    code: 'MissingPackage',
    says: 'has messages that kafkajs alone cannot read ({reason}). docs/adapters/kafka.md shows how to give it a codec.',
  },
  {
    pattern: /GROUP_LOAD_IN_PROGRESS|COORDINATOR_NOT_AVAILABLE|NOT_COORDINATOR|LEADER_NOT_AVAILABLE/,
    code: 'BrokerUnavailable',
    away: true,
    brief: true,
    says: 'is not ready for this group yet ({reason}). It is tried again.',
  },
  {
    pattern: /MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/,
    code: 'BrokerRefused',
    isTooLarge: true,
    says: 'does not take a message of this size ({reason}). Raise `max.message.bytes` of the topic.',
  },
  {
    pattern:
      /KafkaJSConnection|KafkaJSRequestTimeout|KafkaJSBrokerNotFound|KafkaJSNoBrokerAvailable|KafkaJSLockTimeout|E(CONNREFUSED|CONNRESET|TIMEDOUT|NOTFOUND|AI_AGAIN|PIPE)/,
    code: 'BrokerUnavailable',
    away: true,
    says: 'cannot be reached ({reason}). It is tried again; see that {prefix}_BROKERS is right and that the brokers run.',
  },
];

const UNFORESEEN: Omit<Meaning, 'pattern'> = {
  code: 'BrokerUnavailable',
  away: true,
  says: 'could not be worked with ({reason}). It is tried again.',
};

/** Converts an error of kafkajs to one of ours, without secrets. */
export function meaningOf(error: unknown, connection: KafkaConnection): SelvageError {
  if (SelvageError.is(error)) return error;
  const chain = causesOf(error);
  const text = chain.map(({ name, type, message }) => `${name} ${type ?? ''} ${message}`).join('\n');
  const { code, away, brief, isTooLarge, says } =
    MEANINGS.find(({ pattern }) => pattern.test(text)) ?? UNFORESEEN;
  const { brokers, prefix } = connection;
  const reason = scrubbed(chain.at(-1)?.message ?? String(error), connection);
  const sentence = says.replaceAll('{prefix}', prefix).replace('{reason}', () => reason);
  return new SelvageError(code, `Kafka at ${brokers.join(', ')} ${sentence}`, {
    details: { brokers, ...(away && { away }), ...(brief && { brief }), ...(isTooLarge && { isTooLarge }) },
    cause: withoutSecrets(chain[0], connection),
  });
}

/** Texts from a library or a server may repeat the credentials that they were given. */
export function scrubbed(text: string, { sasl }: KafkaConnection): string {
  return sasl ? text.replaceAll(sasl.password, '***') : text;
}

interface Foreign extends Error {
  readonly type?: string;
}

function causesOf(error: unknown): Foreign[] {
  const chain: Foreign[] = [];
  for (let next: unknown = error; next instanceof Error && !chain.includes(next); next = next.cause)
    chain.push(next);
  return chain;
}

/** Copies only the relevant parts of an error, because the error itself may contain credentials. */
function withoutSecrets(error: Error | undefined, connection: KafkaConnection): Error | undefined {
  if (!error) return undefined;
  const copy = new Error(scrubbed(error.message, connection));
  copy.name = error.name;
  copy.stack = scrubbed(error.stack ?? '', connection);
  return copy;
}
