import type { Logger, LoggerLike, LogMethod } from '../model/knot-context';

/**
 * `ctx.logger`: writes to `target`, in whichever order message and fields are given.
 *
 * @param about fields of every line, before those that the body gives
 */
export function bodyLogger(target: LoggerLike, about: Readonly<Record<string, unknown>> = {}): Logger {
  const method =
    (level: keyof LoggerLike): LogMethod =>
    (first: unknown, second?: unknown) => {
      const [message, fields] = typeof first === 'string' ? [first, second] : [second, first];
      const text = typeof message === 'string' ? message : fields instanceof Error ? fields.message : '';
      target[level]({ ...about, ...fieldsOf(fields) }, text);
    };
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

/** An error is the field `err`, as loggers know it. */
function fieldsOf(given: unknown): object {
  if (given instanceof Error) return { err: given };
  return typeof given === 'object' && given !== null ? given : given === undefined ? {} : { value: given };
}
