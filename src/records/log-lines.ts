/** Levels of a log, from the least urgent to the most. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A line of a body's log, as `runtime/body-log.ts` records it. */
export interface LogLine {
  /** Time in ISO 8601; absent if the line is not in the logger's format, as where a body host wrote it. */
  readonly time?: string;
  readonly level?: string;
  readonly message: string;
  /** The line's fields as JSON; absent if there are none. */
  readonly fields?: string;
}

export function logLines(log: string): LogLine[] {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(lineOf);
}

function lineOf(line: string): LogLine {
  const said = recordIn(line);
  if (typeof said?.['message'] !== 'string') return { message: line };
  const { time, level, message, ...rest } = said;
  const { fields = rest } = said as { fields?: object };
  return {
    ...(typeof time === 'string' && { time }),
    ...(typeof level === 'string' && { level }),
    message,
    ...(Object.keys(fields).length > 0 && { fields: JSON.stringify(fields) }),
  };
}

function recordIn(line: string): (Record<string, unknown> & { message?: unknown }) | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
