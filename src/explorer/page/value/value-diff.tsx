import { useMemo, useState } from 'preact/hooks';
import type { ValueView } from '../../../operations/values/value-view';
import type { Json } from '../../../values';
import { jsonPath, textOf } from '../json-lines';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Outcome } from '../ui/outcome';
import { Answered } from '../ui/page';
import { none, Table } from '../ui/table';
import { ValuePreview } from './value-preview';
import { countWords } from '../words';
import { hunksOf } from './hunks';
import { differencesOf, type PartDifference } from './json-diff';

const MOST_PARTS = 200;
const MOST_LINES = 2_000;
/** Equal lines that are shown before and after a change. */
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
                    <ValuePreview hash={first.hash} run={first.run} height={240} />
                    <ValuePreview hash={second.hash} run={second.run} height={240} />
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

/** Texts by line. Equal lines far from a change are folded. */
function Lines({ first, second }: { first: string; second: string }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [old, now] = useMemo(() => [first, second].map((text) => text.split('\n')), [first, second]);
  const hunks = useMemo(() => hunksOf(old!, now!, (one, other) => one === other), [old, now]);
  const shown = [...hunks, { first: old!.length, firstEnd: 0, second: now!.length, secondEnd: 0 }];
  let left = MOST_LINES;
  const cut = (lines: readonly string[]): string[] => {
    const some = lines.slice(0, Math.max(0, left)).map((line) => shownText(line) || ' ');
    left -= lines.length;
    return some;
  };
  const equal = (from: number, to: number, hasBefore: boolean, hasAfter: boolean) => {
    const head = hasBefore ? from + AROUND : from;
    const tail = Math.max(head, hasAfter ? to - AROUND : to);
    if (tail - head < 2 || open.has(from))
      return cut(now!.slice(from, to)).map((line) => <p>{`  ${line}`}</p>);
    return (
      <>
        {cut(now!.slice(from, head)).map((line) => (
          <p>{`  ${line}`}</p>
        ))}
        <p>
          <button type="button" class="link" onClick={() => setOpen(new Set([...open, from]))}>
            {countWords(tail - head)} equal lines
          </button>
        </p>
        {cut(now!.slice(tail, to)).map((line) => (
          <p>{`  ${line}`}</p>
        ))}
      </>
    );
  };
  return (
    <>
      <div class="line-diff box mono" tabIndex={0} role="region" aria-label="Differences by line">
        {shown.map((hunk, index) => (
          <>
            {equal(shown[index - 1]?.secondEnd ?? 0, hunk.second, index > 0, index < hunks.length)}
            {cut(old!.slice(hunk.first, hunk.firstEnd)).map((line) => (
              <del>{`− ${line}`}</del>
            ))}
            {cut(now!.slice(hunk.second, hunk.secondEnd)).map((line) => (
              <ins>{`+ ${line}`}</ins>
            ))}
          </>
        ))}
      </div>
      {hunks.length === 0 && <p class="muted">Both are the same.</p>}
      {left < 0 && <p class="muted">Only the first {countWords(MOST_LINES)} lines are shown.</p>}
    </>
  );
}
