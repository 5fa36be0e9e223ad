import type { LogLine as Line } from '../../../records/log-lines';
import { shownText } from '../shown-text';

const LOUD: ReadonlySet<string> = new Set(['warn', 'error']);

/** Formats a time in UTC, to the millisecond. */
export function LogLine({ time, level, message, fields }: Line) {
  return (
    <span>
      {time !== undefined && <span class="muted">{time.slice('2026-01-01T'.length, -1)} </span>}
      {level !== undefined && level !== 'info' && (
        <span class={LOUD.has(level) ? 'tone-err' : 'muted'}>{shownText(level)} </span>
      )}
      {shownText(message)}
      {fields !== undefined && <span class="muted"> {shownText(fields)}</span>}
      {'\n'}
    </span>
  );
}
