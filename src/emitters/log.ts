import { oneOf } from '../authoring/checks';
import type { LoggerLike } from '../authoring/knot-context';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE_CHECKS, envelopeOf, type Envelope, type EnvelopeOptions } from './envelope';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEmitterOptions extends EmitterOptions, Omit<EnvelopeOptions, 'source'> {
  /**
   * The least level that is written. Failures are `error`; knots skipped because of them, and runs that were cancelled or
   * terminated, `warn`; other skipped knots `debug`; all else `info`. Default `info`.
   */
  readonly level?: LogLevel;
  /** A pino logger, or anything that takes fields and then the message. Default: lines of JSON on stdout. */
  readonly logger?: LoggerLike;
}

interface LogSettings extends Pick<Envelope, 'payloads' | 'payloadLimit'> {
  readonly level: LogLevel;
  readonly logger?: LoggerLike;
}

export type LogEmitterDeclaration = EmitterDeclaration<'log', LogSettings>;

/**
 * Writes a line of JSON, in the shape of pino, for each run that starts or ends and for each knot that finishes.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function logEmitter(options: LogEmitterOptions = {}): LogEmitterDeclaration {
  const { payloads, payloadLimit } = ENVELOPE_CHECKS;
  const { common, own } = readEmitterOptions<LogEmitterOptions>('log', options, {
    payloads,
    payloadLimit,
    level: oneOf(...LOG_LEVELS),
    logger: (value) =>
      LOG_LEVELS.every((level) => typeof (value as LoggerLike | null)?.[level] === 'function')
        ? undefined
        : `must have the methods ${LOG_LEVELS.join(', ')}`,
  });
  const { source: _, ...envelope } = envelopeOf(own);
  const settings: LogSettings = {
    ...envelope,
    level: own.level ?? 'info',
    ...(own.logger && { logger: own.logger }),
  };
  return declareEmitter({ kind: 'log', ...common, options: Object.freeze(settings) });
}
