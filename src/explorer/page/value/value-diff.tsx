import { useMemo, useState } from 'preact/hooks';
import type { ValueView } from '../../../operations/values/value-view';
import type { Json } from '../../../values';
import { jsonPath, textOf } from '../json-lines';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Outcome } from '../ui/outcome';
import { Answered } from '../ui/page';
import { none, Table } from '../ui/table';
import { ValueContent } from './value-content';
import { countWords } from '../words';
import { hunksOf, type Hunk } from './hunks';
import { differencesOf, type PartDifference } from './json-diff';

const MOST_PARTS = 200;
const MOST_LINES = 2_000;
/** How many equal lines are shown before and after a change. */
const AROUND = 3;

export interface ValueOfRun {
  readonly run?: string;
  readonly hash: string;
}

/** What differs between two values: parts of JSON, lines of text; other values are shown side by side. */
export function ValueDiff({ first, second }: { first: ValueOfRun; second: ValueOfRun }) {
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

function changeOf({ first, second }: PartDifference) {
  if (first === undefined) return <Outcome tone="ok" word="added" isBare />;
  if (second === undefined) return <Outcome tone="err" word="removed" isBare />;
  return <Outcome tone="running" word="changed" isBare />;
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
