interface LogLine {
  /** UTC, to the millisecond; absent if the line is not in the logger's format. */
  readonly time?: string;
  readonly level?: string;
  readonly text: string;
}

/** Lines in another format stay as they are, such as the first line of a log that was cut. */
export function logLines(log: string): LogLine[] {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(lineOf);
}

function lineOf(line: string): LogLine {
  const said = recordIn(line);
  if (typeof said?.['message'] !== 'string') return { text: line };
  const { time, level, message, ...rest } = said;
  const at = typeof time === 'string' ? /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(time)?.[1] : undefined;
  return {
    ...(at !== undefined && { time: at }),
    ...(typeof level === 'string' && { level }),
    text: Object.keys(rest).length === 0 ? message : `${message} ${JSON.stringify(rest)}`,
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
