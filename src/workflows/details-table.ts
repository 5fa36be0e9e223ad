import type { KnotFailure, LiveStatus } from './messages';

/** The Markdown that Temporal's UI shows as the workflow's current details: counts, and the first failures. */
export function detailsTable(counts: LiveStatus['counts'], failures: readonly KnotFailure[]): string {
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
  return lines.join('\n');
}

function cell(text: string): string {
  return text.slice(0, 200).replace(/\|/g, '\\|').replace(/\s+/g, ' ');
}
