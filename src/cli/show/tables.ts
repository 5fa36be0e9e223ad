import type { AnswerOf } from '../../operations';
import { tables } from '../../operations/tables';
import { diff } from '../../operations/tables/diff';
import type { Json } from '../../values';
import { cellText } from '../../values/cell-text';
import { lineText } from '../../node/terminal';
import { EXIT } from '../output/exit-codes';
import { formatTable, plural, shorten } from '../output/format';
import type { Complete } from '../table/late-verb';
import { makeVerb, verbsOf } from '../table/verb-of-table';

const CELL_CHARACTERS = 40;
const LINE_CHARACTERS = 120;

const addShow = verbsOf(tables, { 'tables.show': (answer) => describeTable(answer) });
const addDiff = makeVerb(diff, (answer) => describeDifference(answer), {
  exitCode: (answer) => (isSame(answer) ? EXIT.ok : EXIT.runFailed),
});

export const addTables: Complete = (noun, does) => {
  addShow(noun, does);
  addDiff(noun.command('diff'), does);
};

/** Columns with types, then rows; control characters are escaped where lines are printed. */
export function describeTable(answer: AnswerOf<'tables.show'>): string {
  if (answer.form === 'none') return answer.message;
  const { rows, columns, cells, from, matching, scanned, indexes, key } = answer.table;
  const of = scanned === undefined ? plural(rows, 'row') : `the first ${scanned} of ${plural(rows, 'row')}`;
  const about = [
    matching === undefined ? of : `${matching} of ${of} match`,
    ...(key ? [`sorted by ${lineText(key.join(', '))}`] : []),
    ...(cells.length < (matching ?? rows) ? [`${cells.length} shown`] : []),
  ];
  const head = ['', ...columns.map(({ name, columnType }) => `${name} ${columnType}`)];
  const lines = cells.map((row, index) => [String(indexes?.[index] ?? from + index), ...row.map(shortCell)]);
  return [`${about.join(', ')}.`, formatTable(head, lines)].join('\n');
}

type Difference = Extract<AnswerOf<'tables.diff'>, { form: 'difference' }>;

/** Counts, then columns, then rows; changed cells as `before → after`. */
export function describeDifference(answer: AnswerOf<'tables.diff'>): string {
  if (answer.form === 'none') return answer.message;
  const { first, second, key, columns, added, removed, changed, compared, items } = answer;
  const by = key.length > 0 ? lineText(key.join(', ')) : 'their number, as they have no common key';
  const counts = `${added} added, ${removed} removed, ${changed} changed`;
  const of = compared ? `, of the first ${compared.first} and ${compared.second} rows` : '';
  const more = added + removed + changed - items.length;
  return [
    `${plural(first.rows, 'row')} and ${plural(second.rows, 'row')}, matched by ${by}: ${counts}${of}.`,
    ...columns.map((column) => `  column ${column.name} ${columnText(column)}`),
    ...(items.length === 0 ? [] : [formatTable(['', key.join(', ') || 'row', 'cells'], items.map(rowTexts))]),
    ...(more > 0 ? [`And ${plural(more, 'row')} more.`] : []),
  ].join('\n');
}

function columnText({ change, first, second, rows = 0 }: Difference['columns'][number]): string {
  if (change === 'changed') return `changed in ${plural(rows, 'row')}`;
  return change === 'retyped' ? `had type ${first}, has ${second}` : `${change} (${first ?? second})`;
}

function rowTexts({ change, first, second, values, cells, more }: Difference['items'][number]): string[] {
  const texts = cells.map(({ column, first, second }) => {
    const sides = [first, second].filter((cell) => cell !== undefined);
    return `${column}: ${sides.map(shortCell).join(' → ')}`;
  });
  const shown = shorten(texts.join(', '), LINE_CHARACTERS);
  return [
    change,
    values.map(shortCell).join(', ') || String(first ?? second),
    more === undefined ? shown : `${shown} and ${plural(more, 'cell')} more`,
  ];
}

function isSame(answer: AnswerOf<'tables.diff'>): boolean {
  return answer.form === 'difference' && answer.items.length === 0 && answer.columns.length === 0;
}

function shortCell(cell: Json): string {
  return shorten(lineText(cell === null ? 'null' : cellText(cell)), CELL_CHARACTERS);
}
