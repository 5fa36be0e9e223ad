import { oneOf, type Checks } from '../authoring/checks';
import type { LoggerLike } from '../authoring/knot-context';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type EnvelopeOptions } from './envelope';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEmitterOptions extends EmitterOptions, Omit<EnvelopeOptions, 'source'> {
  /**
   * The least written level. Failures are `error`; knots skipped by them, and cancelled or terminated runs, `warn`;
   * other skipped knots `debug`; all other events `info`. Default `info`.
   */
  readonly level?: LogLevel;
  /** A pino logger, or one that takes fields and then the message. Default: lines of JSON on stdout. */
  readonly logger?: LoggerLike;
}

type LogSettings = Required<Omit<LogEmitterOptions, keyof EmitterOptions | 'logger'>> &
  Pick<LogEmitterOptions, 'logger'>;

export type LogEmitterDeclaration = EmitterDeclaration<'log', LogSettings>;

const { source: _, ...CHECKS }: Checks<LogSettings & EnvelopeOptions> = {
  ...ENVELOPE_CHECKS,
  level: oneOf(...LOG_LEVELS),
  logger: (value) =>
    LOG_LEVELS.every((level) => typeof (value as LoggerLike | null)?.[level] === 'function')
      ? undefined
      : `must have the methods ${LOG_LEVELS.join(', ')}`,
};
const DEFAULTS = { level: 'info', payloads: ENVELOPE.payloads, payloadLimit: ENVELOPE.payloadLimit } as const;

/**
 * Writes each event as a line of JSON in pino's shape. @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function logEmitter(options: LogEmitterOptions = {}): LogEmitterDeclaration {
  const { common, own } = readEmitterOptions<LogEmitterOptions, LogSettings>(
    'log',
    options,
    CHECKS,
    DEFAULTS,
  );
  return declareEmitter({ kind: 'log', ...common, options: Object.freeze(own) });
}
