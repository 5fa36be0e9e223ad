import type { Context } from '@temporalio/activity';
import { activeTraceparent } from '../adapters/open-telemetry/body-traces';
import { bodyLogger, HandedOnHere, type BodySurroundings, type HandedOn } from '../runtime';
import type { Logger, LoggerLike } from '../authoring/knot-context';
import type { ResolvedBasics } from './tasks';
import type { Uses } from './worker-parts';

export type BodyParts = Uses<'backends' | 'logger' | 'resources' | 'traces'>;

/** Makes `ctx.logger`, on the worker's own logger or else the activity's. */
function bodyLines(
  own: LoggerLike | undefined,
  log: Context['log'],
  about: { readonly runId: string; readonly knotId: string; readonly attempt: number },
): Logger {
  return own
    ? bodyLogger(own, { ...about })
    : bodyLogger(ofTemporal(log), { runId: about.runId, knotId: about.knotId });
}

function ofTemporal(log: Context['log']): LoggerLike {
  return {
    debug: (fields, message) => log.debug(message, { ...fields }),
    info: (fields, message) => log.info(message, { ...fields }),
    warn: (fields, message) => log.warn(message, { ...fields }),
    error: (fields, message) => log.error(message, { ...fields }),
  };
}

/** @param handedOn default: all attempts of its bodies run in this activity */
export function bodySurroundings(
  { logger, resources, backends, traces }: BodyParts,
  { log }: Pick<Context, 'log'>,
  { runId, temporalRunId }: Pick<ResolvedBasics, 'runId' | 'temporalRunId'>,
  handedOn: HandedOn = new HandedOnHere(),
): BodySurroundings {
  return {
    runId,
    temporalRunId,
    resources,
    dataStore: backends.dataStore,
    handedOn,
    traced: (knot, attempt, call) => traces.within(temporalRunId, knot, attempt, call),
    traceparent: activeTraceparent,
    loggerOf: (knotId, attempt) => bodyLines(logger, log, { runId, knotId, attempt }),
  };
}
