import type { LeftSignals, LiveStatus, OpenWait } from './messages';

/** The server takes 20,000. */
const LIMIT_BYTES = 19_000;
const SHOWN_WAITS = 10;
const SHOWN_NAMES = 10;
const SHOWN_REFUSALS = 5;

const encoder = new TextEncoder();

/** What the table shows. */
export type Details = Pick<LiveStatus, 'counts' | 'failures' | 'waits' | 'signals'>;

/**
 * The Markdown that Temporal's UI shows as the workflow's current details: counts, the first failures, what is waited for, and signals
 * that nobody has taken.
 */
export function detailsTable({ counts, failures, waits = [], signals = {} }: Details): string {
  const lines = [
    '| knots | ok | failed | skipped | running | waiting |',
    '|---|---|---|---|---|---|',
    `| ${counts.total} | ${counts.ok} | ${counts.err} | ${counts.skipped} | ${counts.running} | ${counts.waiting} |`,
  ];
  if (failures.length > 0) {
    lines.push('', '| failed knot | error |', '|---|---|');
    for (const failure of failures)
      lines.push(`| ${failure.knot} | ${cell(`${failure.type}: ${failure.message}`)} |`);
  }
  const more = [...waitLines(waits), ...signalLines(signals)];
  return more.length === 0 ? lines.join('\n') : upTo(LIMIT_BYTES, [...lines, ...more]);
}

function waitLines(waits: readonly OpenWait[]): string[] {
  if (waits.length === 0) return [];
  const rows = waits.slice(0, SHOWN_WAITS).map((wait) => `| ${wait.knot} | ${waitedFor(wait)} |`);
  return ['', '| waiting knot | for |', '|---|---|', ...rows];
}

function signalLines({ unread, refused }: LeftSignals): string[] {
  const lines: string[] = [];
  if (unread) {
    const counts = Object.entries(unread).slice(0, SHOWN_NAMES);
    const named = counts.map(([name, count]) => `${count} × ${name}`);
    lines.push('', `Signals that no knot has taken: ${named.join(', ')}`);
  }
  if (refused) {
    lines.push('', `| ignored signals (${refused.total}) | why |`, '|---|---|');
    for (const { name, type, message } of refused.last.slice(-SHOWN_REFUSALS))
      lines.push(`| ${cell(name)} | ${cell(`${type}: ${message}`)} |`);
  }
  return lines;
}

/** As many of the lines as there is room for. */
function upTo(limit: number, lines: readonly string[]): string {
  let bytes = 0;
  const shown = lines.findIndex((line) => (bytes += encoder.encode(line).length + 1) > limit);
  return lines.slice(0, shown === -1 ? lines.length : shown).join('\n');
}

function waitedFor({ signal, until }: OpenWait): string {
  const time = until === undefined ? '' : new Date(until).toISOString();
  if (signal === undefined) return time;
  return `signal ${signal}${time && `, until ${time}`}`;
}

function cell(text: string): string {
  return text.slice(0, 200).replace(/\|/g, '\\|').replace(/\s+/g, ' ');
}
