import { readFileSync } from 'node:fs';
import { SelvageError, type ErrorReason } from '../../errors';

/** How to reach a cluster. */
export interface KafkaConnection {
  /** `host:port` of some of the cluster's brokers, which name the others. */
  readonly brokers: readonly string[];
  /** Undefined: without TLS. */
  readonly tls?: TlsFiles;
  readonly sasl?: Credentials;
  /** The prefix of the environment variables, for messages. */
  readonly prefix: string;
}

/** The contents of PEM files; without `ca`, Node's usual authorities are trusted. */
interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

interface Credentials {
  readonly mechanism: Mechanism;
  readonly username: string;
  readonly password: string;
}

const MECHANISMS: readonly Mechanism[] = ['plain', 'scram-sha-256', 'scram-sha-512'];
const BROKER = /^(?:\[[\da-fA-F:]+\]|[\w.-]+):(\d{1,5})$/;

/**
 * Reads `<prefix>_BROKERS`, `_TLS`, `_TLS_CA`, `_TLS_CERT`, `_TLS_KEY`, `_USERNAME`, `_PASSWORD` and `_SASL`.
 *
 * @throws SelvageError `InvalidConfig`, without any part of a password
 */
export function connectionFrom(env: NodeJS.ProcessEnv, prefix: string): KafkaConnection {
  const read = (name: string): string | undefined => env[`${prefix}_${name}`]?.trim() || undefined;
  const tls = tlsOf(prefix, read);
  const sasl = credentialsOf(prefix, read, env);
  return { brokers: brokersOf(prefix, read), ...(tls && { tls }), ...(sasl && { sasl }), prefix };
}

type Read = (name: string) => string | undefined;

function brokersOf(prefix: string, read: Read): string[] {
  const name = `${prefix}_BROKERS`;
  const text = read('BROKERS');
  if (text === undefined) {
    throw invalid(
      name,
      'MissingPart',
      'is not set: it says where Kafka is, such as "broker-1:9092,broker-2:9092".',
    );
  }
  return text.split(',').map((part) => {
    const broker = part.trim();
    const port = Number(BROKER.exec(broker)?.[1] ?? 0);
    if (port >= 1 && port <= 65_535) return broker;
    throw invalid(name, 'WrongValue', `must be host:port, or several with commas between them.`);
  });
}

function tlsOf(prefix: string, read: Read): TlsFiles | undefined {
  const said = read('TLS');
  if (said !== undefined && said !== 'true' && said !== 'false')
    throw invalid(`${prefix}_TLS`, 'WrongValue', 'must be "true" or "false".');
  const given = { ca: read('TLS_CA'), cert: read('TLS_CERT'), key: read('TLS_KEY') };
  const named = Object.entries(given).filter(([, file]) => file !== undefined);
  if (said === 'false' && named.length > 0) {
    throw invalid(
      `${prefix}_TLS`,
      'Conflict',
      `is "false", and ${prefix}_TLS_${named[0]![0].toUpperCase()} is set.`,
    );
  }
  if ((given.cert === undefined) !== (given.key === undefined)) {
    const missing = given.cert === undefined ? 'CERT' : 'KEY';
    throw invalid(
      `${prefix}_TLS_${missing}`,
      'MissingPart',
      'is not set: a certificate needs its key, and a key its certificate.',
    );
  }
  if (said !== 'true' && named.length === 0) return undefined;
  return Object.fromEntries(
    named.map(([part, file]) => [part, contentsOf(`${prefix}_TLS_${part.toUpperCase()}`, file!)]),
  );
}

function contentsOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(
      name,
      'WrongValue',
      `names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      error,
    );
  }
}

function credentialsOf(prefix: string, read: Read, env: NodeJS.ProcessEnv): Credentials | undefined {
  const username = read('USERNAME');
  // The password is not trimmed, as it may begin or end with a space.
  const password = env[`${prefix}_PASSWORD`];
  const said = read('SASL')?.toLowerCase();
  const mechanism = said === undefined ? 'plain' : MECHANISMS.find((name) => name === said);
  if (mechanism === undefined)
    throw invalid(`${prefix}_SASL`, 'WrongValue', `must be one of ${MECHANISMS.join(', ')}.`);
  if (username === undefined && !password && said === undefined) return undefined;
  if (username === undefined)
    throw invalid(`${prefix}_USERNAME`, 'MissingPart', 'is not set, though a password or a mechanism is.');
  if (!password) throw invalid(`${prefix}_PASSWORD`, 'MissingPart', 'is not set, though a user is.');
  return { mechanism, username, password };
}

function invalid(
  name: string,
  reason: ErrorReason<'InvalidConfig'>,
  complaint: string,
  cause?: unknown,
): SelvageError {
  return new SelvageError('InvalidConfig', `The environment variable ${name} ${complaint}`, {
    details: { variable: name, reason },
    cause,
  });
}
