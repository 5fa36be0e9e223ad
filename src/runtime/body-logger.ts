import type { Logger, LoggerLike, LogMethod } from '../authoring/knot-context';

export const SILENT: LoggerLike = { debug() {}, info() {}, warn() {}, error() {} };

/** Makes `ctx.logger`, which accepts message and fields in either order, and adds the fields `about`. */
export function bodyLogger(target: LoggerLike, about: Readonly<Record<string, unknown>> = {}): Logger {
  return bodyLoggerBy((level, fields, message) => target[level]({ ...about, ...fields }, message));
}

/** A body's logger with one function that writes lines of all levels. */
export function bodyLoggerBy(
  write: (level: keyof LoggerLike, fields: object, message: string) => void,
): Logger {
  const method =
    (level: keyof LoggerLike): LogMethod =>
    (first: unknown, second?: unknown) => {
      const [message, fields] = typeof first === 'string' ? [first, second] : [second, first];
      const text = typeof message === 'string' ? message : fields instanceof Error ? fields.message : '';
      write(level, { ...fieldsOf(fields) }, text);
    };
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

/** Errors go into the field `err`, as logging libraries expect. */
function fieldsOf(given: unknown): object {
  if (given instanceof Error) return { err: given };
  return typeof given === 'object' && given !== null ? given : given === undefined ? {} : { value: given };
}
