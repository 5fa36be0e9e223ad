import type { Context } from '@temporalio/activity';
import { bodyLogger } from '../execution';
import type { Logger, LoggerLike } from '../model/knot-context';

/** Makes `ctx.logger` of the bodies of an activity: writes to the worker's own logger, else to that of Temporal's activity. */
export function bodyLines(
  own: LoggerLike | undefined,
  log: Context['log'],
  about: { readonly run: string; readonly knot: string; readonly attempt: number },
): Logger {
  return own ? bodyLogger(own, { ...about }) : bodyLogger(ofTemporal(log), { knot: about.knot });
}

/** Temporal's logger takes the message first, and adds fields of the activity. */
function ofTemporal(log: Context['log']): LoggerLike {
  return {
    debug: (fields, message) => log.debug(message, { ...fields }),
    info: (fields, message) => log.info(message, { ...fields }),
    warn: (fields, message) => log.warn(message, { ...fields }),
    error: (fields, message) => log.error(message, { ...fields }),
  };
}
