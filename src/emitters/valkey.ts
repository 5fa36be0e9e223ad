import { isVariable, line, whole, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type EnvelopeOptions } from './envelope';

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

export type ValkeyEmitterSettings = Required<Omit<ValkeyEmitterOptions, keyof EmitterOptions | 'channel'>> &
  Pick<ValkeyEmitterOptions, 'channel'>;

export type ValkeyEmitterDeclaration = EmitterDeclaration<'valkey', ValkeyEmitterSettings>;

const LONGEST_NAME = 512;

const CHECKS: Checks<ValkeyEmitterSettings> = {
  ...ENVELOPE_CHECKS,
  stream: line(LONGEST_NAME),
  maxLength: whole(1, Number.MAX_SAFE_INTEGER),
  channel: line(LONGEST_NAME),
  connection: isVariable('ORDERS_VALKEY'),
};
const DEFAULTS = { ...ENVELOPE, maxLength: 100_000, connection: 'SELVAGE_VALKEY' };

/**
 * Adds CloudEvents to a stream of Valkey or Redis, in the order of the feed.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function valkeyEmitter(options: ValkeyEmitterOptions): ValkeyEmitterDeclaration {
  const read = readEmitterOptions<ValkeyEmitterOptions, ValkeyEmitterSettings>(
    'valkey',
    options,
    CHECKS,
    DEFAULTS,
  );
  const { common, own, refuse } = read;
  if (own.stream === undefined) throw refuse('stream', 'is missing: it names a stream', 'MissingPart');
  return declareEmitter({ kind: 'valkey', ...common, options: Object.freeze(own) });
}
