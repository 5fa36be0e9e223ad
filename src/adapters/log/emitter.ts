import { hostname } from 'node:os';
import {
  LOG_LEVELS,
  payloadOf,
  type DeliveryContext,
  type Emitter,
  type LogEmitterDeclaration,
  type LogLevel,
  type RunEvent,
} from '../../emitters';
import type { ExceptionRecord } from '../../ports';
import { standardOutput, terminalText, type OutputStream } from '../../node/terminal';

/** pino's numbers. */
const NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };
const HARMLESS_SKIPS: ReadonlySet<string | null> = new Set([
  'gate_closed',
  'branch_not_selected',
  'no_alternative',
]);

interface Line {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** @param stdout by default the process's own stream, at the time of writing */
export function createLogEmitter(declaration: LogEmitterDeclaration, stdout?: OutputStream): Emitter {
  const { level: least, logger, payloads, payloadLimit } = declaration.options;
  const isWritten = ({ level }: Line): boolean => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
  const fieldsOfValue = async (event: RunEvent, context: DeliveryContext): Promise<object> =>
    payloads && event.type === 'knot-finished'
      ? await payloadOf(event.record, payloadLimit, (hash) => context.value(hash))
      : {};
  return {
    async deliver(events, context) {
      const lines: string[] = [];
      for (const event of events) {
        const line = lineOf(event);
        if (!isWritten(line)) continue;
        const fields = { ...line.fields, ...(await fieldsOfValue(event, context)) };
        if (logger) logger[line.level](fields, line.message);
        else lines.push(textOf(event.at, line, fields));
      }
      if (lines.length > 0) await write(stdout ?? standardOutput(), lines.join(''));
    },
  };
}

/** Resolves when the stream has taken the text, so that a slow reader slows only the emitter. */
async function write(stream: OutputStream, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // A stream of Node passes an error to the callback.
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    stream.write(terminalText(text), done);
  });
}

function textOf(time: number, { level, message }: Line, fields: object): string {
  const line = {
    level: NUMBERS[level],
    time,
    pid: process.pid,
    hostname: hostname(),
    ...fields,
    msg: message,
  };
  return `${JSON.stringify(line)}\n`;
}

function lineOf(event: RunEvent): Line {
  const { id, type, run } = event;
  const common = {
    event: type,
    eventId: id,
    runId: run.run_id,
    temporalRunId: run.temporal_run_id,
    tapestry: run.tapestry,
    ...(run.partition !== null && { partition: run.partition }),
  };
  switch (type) {
    case 'run-started':
      return { level: 'info', fields: common, message: `run ${run.run_id} started` };
    case 'run-ended': {
      const { status, started_at, details } = run;
      const { counts, error } = details as { counts?: object; error?: Partial<ExceptionRecord> };
      return {
        level: status === 'succeeded' ? 'info' : status === 'failed' ? 'error' : 'warn',
        fields: {
          ...common,
          status,
          durationMs: event.at - started_at,
          ...(counts && { counts }),
          ...(error && { err: errorOf(error) }),
        },
        message: `run ${run.run_id} ${status}`,
      };
    }
    case 'knot-finished':
      return lineOfKnot(event, common);
  }
}

function lineOfKnot({ record }: Extract<RunEvent, { type: 'knot-finished' }>, common: object): Line {
  const { knot_id: knotId, outcome, skip_reason: skipReason, cached_from_run: cachedFromRun, extra } = record;
  const error = (extra as { error?: Partial<ExceptionRecord> | null }).error;
  const isReused = cachedFromRun !== null;
  return {
    level: levelOf(outcome, skipReason),
    fields: {
      ...common,
      knotId,
      definition: record.definition,
      outcome,
      attempt: record.attempt,
      dispatcher: record.dispatcher,
      ...(record.worker !== null && { worker: record.worker }),
      durationMs: record.finished_at - record.started_at,
      queuedMs: record.started_at - record.scheduled_at,
      ...(record.output_hash !== null && { outputHash: record.output_hash, outputSize: record.output_size }),
      ...(skipReason !== null && { skipReason }),
      ...(isReused && { cachedFromRun }),
      ...(error && { err: errorOf(error) }),
    },
    message: `knot ${knotId} ${isReused ? 'reused' : outcome}${error ? `: ${error.type}: ${error.message}` : ''}`,
  };
}

function levelOf(outcome: string, skipReason: string | null): LogLevel {
  if (outcome === 'err') return 'error';
  if (outcome === 'ok') return 'info';
  return HARMLESS_SKIPS.has(skipReason) ? 'debug' : 'warn';
}

/** Errors have the form in which pino shows them. */
function errorOf({ type, message, traceback }: Partial<ExceptionRecord>): object {
  return { type, message, ...(traceback !== undefined && { stack: traceback }) };
}
