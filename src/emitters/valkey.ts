import { isVariable, line, whole } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE_CHECKS, envelopeOf, type Envelope, type EnvelopeOptions } from './envelope';

export interface ValkeyEmitterOptions extends EmitterOptions, EnvelopeOptions {
  /** The stream to add to: an entry for each event, with the attributes of its CloudEvent as fields. */
  readonly stream: string;
  /** About how many entries the stream keeps, by `MAXLEN ~`. Older ones are removed. Default 100,000. */
  readonly maxLength?: number;
  /** A channel on which the events are published, too. Only those who listen hear it. Default: none. */
  readonly channel?: string;
  /** The environment variable with the server's URL, as for `valkeyTrigger`. Default `SELVAGE_VALKEY`. */
  readonly connection?: string;
}

export interface ValkeyEmitterSettings extends Envelope {
  readonly stream: string;
  readonly maxLength: number;
  readonly channel?: string;
  readonly connection: string;
}

export type ValkeyEmitterDeclaration = EmitterDeclaration<'valkey', ValkeyEmitterSettings>;

const DEFAULT_CONNECTION = 'SELVAGE_VALKEY';
const DEFAULT_LENGTH = 100_000;
const LONGEST_NAME = 512;

/**
 * Adds CloudEvents to a stream of Valkey or Redis, in the order of the feed.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function valkeyEmitter(options: ValkeyEmitterOptions): ValkeyEmitterDeclaration {
  const { common, own, refuse } = readEmitterOptions<ValkeyEmitterOptions>('valkey', options, {
    ...ENVELOPE_CHECKS,
    stream: line(LONGEST_NAME),
    maxLength: whole(1, Number.MAX_SAFE_INTEGER),
    channel: line(LONGEST_NAME),
    connection: isVariable('ORDERS_VALKEY'),
  });
  if (own.stream === undefined) throw refuse('stream', 'is missing: it names a stream', 'MissingPart');
  const settings: ValkeyEmitterSettings = {
    ...envelopeOf(own),
    stream: own.stream,
    maxLength: own.maxLength ?? DEFAULT_LENGTH,
    ...(own.channel !== undefined && { channel: own.channel }),
    connection: own.connection ?? DEFAULT_CONNECTION,
  };
  return declareEmitter({ kind: 'valkey', ...common, options: Object.freeze(settings) });
}
