import { plainMarkdown } from './markdown';
import type { LeftSignals, LiveStatus, OpenWait } from './messages';

const LIMIT_BYTES = 19_000;
const SHOWN_WAITS = 10;
const SHOWN_NAMES = 10;
const SHOWN_REFUSALS = 5;

const encoder = new TextEncoder();

export type Details = Pick<LiveStatus, 'counts' | 'failures' | 'waits' | 'signals'>;

/** Markdown for the workflow's details in Temporal's UI: counts, first failures, waits, unread signals. */
export function detailsTable({ counts, failures, waits = [], signals = {} }: Details): string {
  const lines = [
    '| knots | ok | failed | skipped | running | waiting |',
    '|---|---|---|---|---|---|',
    `| ${counts.total} | ${counts.ok} | ${counts.err} | ${counts.skipped} | ${counts.running} | ${counts.waiting} |`,
  ];
  if (failures.length > 0) {
    lines.push('', '| failed knot | error |', '|---|---|');
    for (const failure of failures)
      lines.push(`| ${cell(failure.knot)} | ${cell(`${failure.type}: ${failure.message}`)} |`);
  }
  return upTo(LIMIT_BYTES, [...lines, ...waitLines(waits), ...signalLines(signals)]);
}

function waitLines(waits: readonly OpenWait[]): string[] {
  if (waits.length === 0) return [];
  const rows = waits.slice(0, SHOWN_WAITS).map((wait) => `| ${cell(wait.knot)} | ${waitedFor(wait)} |`);
  return ['', '| waiting knot | for |', '|---|---|', ...rows];
}

function signalLines({ unread, refused }: LeftSignals): string[] {
  const lines: string[] = [];
  if (unread) {
    const counts = Object.entries(unread).slice(0, SHOWN_NAMES);
    const named = counts.map(([name, count]) => `${count} × ${cell(name)}`);
    lines.push('', `Signals that no knot has taken: ${named.join(', ')}`);
  }
  if (refused) {
    lines.push('', `| ignored signals (${refused.total}) | why |`, '|---|---|');
    for (const { name, type, message } of refused.last.slice(-SHOWN_REFUSALS))
      lines.push(`| ${cell(name)} | ${cell(`${type}: ${message}`)} |`);
  }
  return lines;
}

function upTo(limit: number, lines: readonly string[]): string {
  let bytes = 0;
  const shown = lines.findIndex((line) => (bytes += encoder.encode(line).length + 1) > limit);
  return lines.slice(0, shown === -1 ? lines.length : shown).join('\n');
}

function waitedFor({ signal, until }: OpenWait): string {
  const time = until === undefined ? '' : new Date(until).toISOString();
  if (signal === undefined) return time;
  return `signal ${cell(signal)}${time && `, until ${time}`}`;
}

function cell(text: string): string {
  return plainMarkdown(text.slice(0, 200));
}
