import { useMemo, useState } from 'preact/hooks';
import type { AnswerOf } from '../../../operations';
import type { RowView } from '../../../operations/tables/table-difference';
import type { ValueView } from '../../../operations/values/value-view';
import type { Json } from '../../../values';
import { cellText } from '../../../values/cell-text';
import { jsonPath, textOf } from '../json-lines';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Outcome } from '../ui/outcome';
import { Answered } from '../ui/page';
import { Muted, none, Table } from '../ui/table';
import { NotShown, ValueContent } from './value-content';
import { countWords } from '../words';
import { hunksOf, type Hunk } from './hunks';
import { differencesOf, type PartDifference } from './json-diff';

const MOST_PARTS = 200;
const MOST_LINES = 2_000;
/** How many equal lines are shown before and after a change. */
const AROUND = 3;

interface ValueOfRun {
  readonly run?: string;
  readonly hash: string;
}

export interface DiffProps {
  first: ValueOfRun;
  second: ValueOfRun;
}

/** What differs between two values: rows of tables, parts of JSON, lines of text; others are shown side by side. */
export function ValueDiff(props: DiffProps) {
  const areTables = [props.first, props.second].every(({ hash }) => hash.startsWith('table-sha256:'));
  return areTables ? <TableDiff {...props} /> : <PlainDiff {...props} />;
}

function TableDiff({ first, second }: DiffProps) {
  const answer = useAnswer('tables.diff', {
    first: first.hash,
    second: second.hash,
    firstRun: first.run,
    secondRun: second.run,
  });
  return (
    <Answered answer={answer} isQuiet rows={3} height={22}>
      {(found) => (found.form === 'none' ? <NotShown {...found} /> : <RowDifferences {...found} />)}
    </Answered>
  );
}

function RowDifferences(found: Extract<AnswerOf<'tables.diff'>, { form: 'difference' }>) {
  const { key, columns, added, removed, changed, compared, items } = found;
  const by = key.length > 0 ? `by ${shownText(key.join(', '))}` : 'by number, as they have no common key';
  return (
    <>
      <p class="muted" role="status">
        Rows matched {by}: {countWords(added)} added, {countWords(removed)} removed, {countWords(changed)}{' '}
        changed
        {compared && ` of the first ${countWords(compared.first)} and ${countWords(compared.second, 'row')}`}
      </p>
      {columns.length > 0 && (
        <Table
          items={columns}
          keyOf={({ name }) => name}
          columns={[
            ['Column', ({ name }) => shownText(name), 'mono break'],
            ['First', ({ first }) => shownText(first) ?? none, 'mono break'],
            ['Second', ({ second }) => shownText(second) ?? none, 'mono break'],
            ['Rows', ({ rows }) => (rows === undefined ? none : countWords(rows)), 'number'],
            ['Change', ({ change }) => <Outcome {...CHANGES[change]} isBare />],
          ]}
        />
      )}
      {items.length > 0 && (
        <Table
          items={items}
          keyOf={(_, index) => String(index)}
          columns={[
            [key.length > 0 ? 'Key' : 'Row', rowName, 'mono break'],
            ['Cells', ({ cells, more }) => <Cells {...{ cells, more }} />, 'mono break'],
            ['Change', ({ change }) => <Outcome {...CHANGES[change]} isBare />],
          ]}
        />
      )}
      {columns.length + items.length === 0 && <p class="muted">Both are the same.</p>}
      {items.length < added + removed + changed && (
        <p class="muted">Only the first {countWords(items.length, 'row')} are shown.</p>
      )}
    </>
  );
}

function rowName({ values, first, second }: RowView) {
  return values.length > 0 ? shownText(values.map(cellText).join(', ')) : countWords(first ?? second!);
}

function Cells({ cells, more }: Pick<RowView, 'cells' | 'more'>) {
  return (
    <>
      {cells.map(({ column, first, second }) => (
        <div key={column}>
          <Muted>{shownText(column)}</Muted> {first !== undefined && <del>{tableCell(first)}</del>}{' '}
          {second !== undefined && <ins>{tableCell(second)}</ins>}
        </div>
      ))}
      {more !== undefined && <Muted>and {countWords(more, 'cell')} more</Muted>}
    </>
  );
}

function tableCell(cell: Json) {
  return cell === null ? <Muted>null</Muted> : shownText(cellText(cell));
}

function PlainDiff({ first, second }: DiffProps) {
  const one = useAnswer('values.show', { hash: first.hash, runId: first.run, as: 'json' });
  const other = useAnswer('values.show', { hash: second.hash, runId: second.run, as: 'json' });
  return (
    <Answered answer={one} isQuiet rows={3} height={22}>
      {(left) => (
        <Answered answer={other} isQuiet rows={3} height={22}>
          {(right) => {
            const texts = [left, right].map(textIn);
            const isCut = [left, right].some((view) => 'truncated' in view && view.truncated);
            return (
              <>
                {texts[0] !== undefined && texts[1] !== undefined ? (
                  <Lines first={texts[0]} second={texts[1]} />
                ) : left.form === 'json' && right.form === 'json' ? (
                  <Parts first={left.json} second={right.json} />
                ) : (
                  <div class="two">
                    <ValueContent hash={first.hash} run={first.run} height={240} />
                    <ValueContent hash={second.hash} run={second.run} height={240} />
                  </div>
                )}
                {isCut && <p class="muted">Only the beginning of the values was compared.</p>}
              </>
            );
          }}
        </Answered>
      )}
    </Answered>
  );
}

/** A text of several lines; short ones read better as parts. */
function textIn(view: ValueView): string | undefined {
  const text = view.form === 'text' ? view.text : view.form === 'json' ? view.json : undefined;
  return typeof text === 'string' && (view.form === 'text' || text.includes('\n')) ? text : undefined;
}

function Parts({ first, second }: { first: Json; second: Json }) {
  const parts = useMemo(() => differencesOf(first, second, MOST_PARTS), [first, second]);
  return (
    <>
      <Table
        items={parts}
        keyOf={(_, index) => String(index)}
        columns={[
          ['Part', ({ path }) => (path.length === 0 ? 'value' : shownText(jsonPath(path))), 'mono break'],
          ['First', ({ first: part }) => cellOf(part), 'mono break'],
          ['Second', ({ second: part }) => cellOf(part), 'mono break'],
          ['Change', changeOf],
        ]}
      />
      {parts.length === 0 && <p class="muted">Both are the same.</p>}
      {parts.length === MOST_PARTS && <p class="muted">Only the first {MOST_PARTS} parts are shown.</p>}
    </>
  );
}

function cellOf(part: Json | undefined) {
  return part === undefined ? none : shownText(textOf(part));
}

const CHANGES = {
  added: { tone: 'ok', word: 'added' },
  removed: { tone: 'err', word: 'removed' },
  changed: { tone: 'running', word: 'changed' },
  retyped: { tone: 'waiting', word: 'other type' },
} as const;

function changeOf({ first, second }: PartDifference) {
  const change = first === undefined ? 'added' : second === undefined ? 'removed' : 'changed';
  return <Outcome {...CHANGES[change]} isBare />;
}

interface Line {
  readonly kind: 'div' | 'del' | 'ins';
  readonly text: string;
  /** For folded lines, the first of them. */
  readonly fold?: number;
}

const SIGNS = { div: ' ', del: '−', ins: '+' };

/** Lines of both texts in order. Equal lines far from a change are folded unless they are `open`. */
function linesOf(
  old: readonly string[],
  now: readonly string[],
  hunks: Hunk[],
  open: ReadonlySet<number>,
): Line[] {
  const lines: Line[] = [];
  const add = (kind: Line['kind'], from: readonly string[], start: number, end: number): void => {
    for (const text of from.slice(start, end))
      lines.push({ kind, text: `${SIGNS[kind]} ${shownText(text)}` });
  };
  const end = { first: old.length, firstEnd: old.length, second: now.length, secondEnd: now.length };
  let from = 0;
  for (const [index, { first, firstEnd, second, secondEnd }] of [...hunks, end].entries()) {
    const head = index > 0 ? from + AROUND : from;
    const tail = index < hunks.length ? second - AROUND : second;
    if (tail - head < 2 || open.has(from)) add('div', now, from, second);
    else {
      add('div', now, from, head);
      lines.push({ kind: 'div', text: `${countWords(tail - head)} equal lines`, fold: from });
      add('div', now, tail, second);
    }
    add('del', old, first, firstEnd);
    add('ins', now, second, secondEnd);
    from = secondEnd;
  }
  return lines;
}

function Lines({ first, second }: { first: string; second: string }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const { old, now, hunks } = useMemo(() => {
    const [old, now] = [first.split('\n'), second.split('\n')];
    return { old, now, hunks: hunksOf(old, now, (one, other) => one === other) };
  }, [first, second]);
  const lines = linesOf(old, now, hunks, open);
  return (
    <>
      <div class="line-diff box mono" tabIndex={0} role="region" aria-label="Differences by line">
        {lines.slice(0, MOST_LINES).map(({ kind: Line, text, fold }) =>
          fold === undefined ? (
            <Line>{text}</Line>
          ) : (
            <button type="button" class="link" onClick={() => setOpen(new Set([...open, fold]))}>
              {text}
            </button>
          ),
        )}
      </div>
      {hunks.length === 0 && <p class="muted">Both are the same.</p>}
      {lines.length > MOST_LINES && (
        <p class="muted">Only the first {countWords(MOST_LINES)} lines are shown.</p>
      )}
    </>
  );
}
