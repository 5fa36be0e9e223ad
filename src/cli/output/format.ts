import { REDACTED, isSecretName, redactText } from '../../values/redact';
import { inspect } from 'node:util';
import type { EventLink } from '../../ports';
import { lineText, widthOf } from '../../node/terminal';
import { formatDuration } from '../../visualisation/words';

export { formatDuration };

/** Formats a time as `2026-01-31 12:00:05`, in this machine's time zone. */
export function formatTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

const SHOWN_VALUE = 200;

/** A value on one line, shortened and redacted; `--json` has the whole value. */
export function formatValue(name: string, value: unknown): string {
  if (isSecretName(name)) return REDACTED;
  const text = inspect(value, {
    depth: 3,
    breakLength: Infinity,
    maxArrayLength: 10,
    maxStringLength: SHOWN_VALUE,
  });
  return shorten(redactText(text), SHOWN_VALUE);
}

/** Makes a text one line of at most `limit` characters. */
export function formatError(
  { type, message }: { readonly type: string; readonly message: string },
  limit: number,
): string {
  return shorten(redactText(`${type}: ${message}`), limit);
}

/** The first line of a text, cut to `limit` characters. */
export function shorten(text: string, limit: number): string {
  const [line = ''] = text.split('\n');
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

/** Lays out columns as narrow as possible, without trailing spaces and secrets. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows].map((row) => row.map((cell) => lineText(redactText(cell))));
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The time since an event, never negative: the server's clock may be ahead of ours. */
export function formatAge(time: number, now: number): string {
  return formatDuration(Math.max(0, now - time));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Formats a link to an event, such as `topic orders, partition 3, offset 17`. */
export function describeLink(link: EventLink): string {
  return Object.entries(link)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

const NAMED = 5;

/** Lists names, such as `knot "a" of run r, knot "b" of run r and 3 more`; empty without names. */
export function nameSome(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED);
  const more = count - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`;
}

type Line = string | false | undefined;

/** Joins lines and lists of lines, without those that are left out. */
export function joined(...lines: readonly (Line | readonly string[])[]): string {
  return lines
    .flat()
    .filter((line) => typeof line === 'string')
    .join('\n');
}

export function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
