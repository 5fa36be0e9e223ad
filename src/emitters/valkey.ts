import { isVariable, line, whole, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type EnvelopeOptions } from './envelope';

export interface ValkeyEmitterOptions extends EmitterOptions, EnvelopeOptions {
  /** The stream, with an entry per event and the CloudEvent's attributes as fields. */
  readonly stream: string;
  /** Approximate number of kept entries, by `MAXLEN ~`. Default 100,000. */
  readonly maxLength?: number;
  /** Also publishes the events on this channel, to its listeners only. Default: none. */
  readonly channel?: string;
  /** The URL's environment variable, as for `valkeyTrigger`. Default `SELVAGE_VALKEY`. */
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

/** Adds CloudEvents to a stream, in order. @throws SelvageError `InvalidName`, `InvalidConfig` */
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
