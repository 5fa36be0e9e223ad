import type { Sha256 } from '../values';
import { messageText } from '../errors';
import type { Logger } from '../authoring/knot-context';
import type { LineageRecord, StoredValue } from '../ports';
import { bodyLoggerBy } from './body-logger';
import { storedValues, encodeOutput } from './encoded-value';
import { errorLine } from './cause-lines';
import { tellError } from './exception-record';

/** Limit of an attempt's log, of which the tail is kept. */
const LOG_BYTES = 64 * 1024;
/** A longer line is cut and loses its fields. */
const LINE_BYTES = 8 * 1024;
const MESSAGE_LENGTH = 4_000;

export interface RecordedLog {
  readonly hash: string;
  readonly size: number;
  readonly isCut?: true;
}

export interface KeptLog {
  readonly log: RecordedLog;
  readonly values: readonly StoredValue[];
}

/**
 * Collects the `ctx.logger` lines of one attempt: the last 64 KiB, as JSON lines with `time` (ISO, UTC),
 * `level`, `message` and `fields`. Allocates nothing before the first line.
 */
export class BodyLog {
  private lines: { readonly text: string; readonly bytes: number }[] | undefined;
  private bytes = 0;
  private isCut = false;

  tap(logger: Logger): Logger {
    return bodyLoggerBy((level, fields, message) => {
      this.add(level, fields, message);
      logger[level](fields, message);
    });
  }

  store(digest: Sha256): KeptLog | undefined {
    if (!this.lines) return undefined;
    const text = this.lines.map((line) => line.text).join('');
    const value = encodeOutput(new TextEncoder().encode(text), digest);
    const { hash, size } = value;
    return { log: { hash, size, ...(this.isCut && { isCut: true }) }, values: storedValues(value) };
  }

  private add(level: string, fields: object, message: string): void {
    const time = new Date().toISOString();
    const line = lineOf({ time, level, message, ...fieldsOf(fields) });
    this.lines ??= [];
    this.lines.push(line);
    this.bytes += line.bytes;
    while (this.bytes > LOG_BYTES) {
      this.bytes -= this.lines.shift()!.bytes;
      this.isCut = true;
    }
  }
}

export function withLog(record: LineageRecord, log: RecordedLog | undefined): LineageRecord {
  return log ? { ...record, extra: { ...record.extra, log } } : record;
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields?: unknown;
}

function lineOf(line: Line): { readonly text: string; readonly bytes: number } {
  const whole = `${JSON.stringify(line)}\n`;
  const bytes = Buffer.byteLength(whole);
  if (bytes <= LINE_BYTES) return { text: whole, bytes };
  const { time, level, message } = line;
  const text = `${JSON.stringify({ time, level, message: messageText(message, MESSAGE_LENGTH), isCut: true })}\n`;
  return { text, bytes: Buffer.byteLength(text) };
}

/** Makes fields fit for JSON: errors become text. If a field has a cycle or a `bigint`, a note replaces all fields. */
function fieldsOf(given: object): { readonly fields?: unknown } {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given))
    fields[name] = value instanceof Error ? errorLine(tellError(value)) : value;
  if (Object.keys(fields).length === 0) return {};
  try {
    JSON.stringify(fields);
    return { fields };
  } catch (error) {
    return { fields: `They cannot be written as JSON: ${tellError(error).message}` };
  }
}
