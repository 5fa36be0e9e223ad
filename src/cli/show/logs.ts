import type { AnswerOf } from '../../operations';
import { lineText } from '../../node/terminal';
import { redactText } from '../../values/redact';
import { formatTime } from '../output/format';
import type { Output } from '../output/output';
import { nextPage } from '../output/typed-commands';

type Logs = AnswerOf<'runs.logs'>;

/** Oldest first, as a terminal shows a log. */
export function describeLogs({ items, unreadable, cursor }: Logs, output: Output): string {
  const earlier = cursor === undefined ? [] : [output.dim(`There are earlier lines: ${nextPage(cursor)}`)];
  const sealed = unreadable.map(({ knotId, code }) =>
    output.yellow(`The log of ${knotId} cannot be shown: ${code}.`),
  );
  const lines = [...items].reverse().map((line) => describeLine(line, output));
  if (lines.length === 0 && cursor === undefined) lines.push('No line fits.');
  return [...earlier, ...sealed, ...lines].join('\n');
}

function describeLine(
  { at, level = '', message, fields, knotId, attempt }: Logs['items'][number],
  output: Output,
) {
  const loud = level === 'error' ? output.red : level === 'warn' ? output.yellow : output.dim;
  const from = attempt > 1 ? `${knotId} (attempt ${attempt})` : knotId;
  const said = lineText(redactText(fields === undefined ? message : `${message} ${fields}`));
  const time = `${formatTime(at)}.${String(at % 1000).padStart(3, '0')}`;
  return `${time}  ${loud(lineText(level).padEnd(5))}  ${output.bold(from)}  ${said}`;
}
