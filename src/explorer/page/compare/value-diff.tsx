import type { Json } from '../../../values';
import { pathWords, textOf } from '../json-lines';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Answered } from '../ui/page';
import { none, Table } from '../ui/table';
import { ValuePreview } from '../value/value-preview';
import { differencesOf } from './json-diff';

const MOST_PARTS = 200;

export interface ValueOfRun {
  readonly run: string;
  readonly hash: string;
}

/** Two values side by side: for JSON, the parts that differ; else each as a whole. */
export function ValueDiff({ first, second }: { first: ValueOfRun; second: ValueOfRun }) {
  const one = useAnswer('values.show', { hash: first.hash, runId: first.run, as: 'json' });
  const other = useAnswer('values.show', { hash: second.hash, runId: second.run, as: 'json' });
  return (
    <Answered answer={one} isQuiet rows={3} height={22}>
      {(left) => (
        <Answered answer={other} isQuiet rows={3} height={22}>
          {(right) =>
            left.form === 'json' && right.form === 'json' ? (
              <Parts first={left.json} second={right.json} isCut={left.truncated || right.truncated} />
            ) : (
              <div class="two">
                <ValuePreview hash={first.hash} run={first.run} height={240} />
                <ValuePreview hash={second.hash} run={second.run} height={240} />
              </div>
            )
          }
        </Answered>
      )}
    </Answered>
  );
}

function Parts({ first, second, isCut }: { first: Json; second: Json; isCut: boolean }) {
  const parts = differencesOf(first, second, MOST_PARTS);
  return (
    <>
      <Table
        items={parts}
        keyOf={(_, index) => String(index)}
        columns={[
          ['Part', ({ path }) => shownText(pathWords(path)) || 'value', 'mono break'],
          ['First', ({ first: part }) => cellOf(part), 'mono break'],
          ['Second', ({ second: part }) => cellOf(part), 'mono break'],
        ]}
      />
      {parts.length === MOST_PARTS && <p class="muted">Only the first {MOST_PARTS} parts are shown.</p>}
      {isCut && <p class="muted">Only the beginning of the values was compared.</p>}
    </>
  );
}

function cellOf(part: Json | undefined) {
  return part === undefined ? none : shownText(textOf(part));
}
