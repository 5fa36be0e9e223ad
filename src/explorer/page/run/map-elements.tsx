import { useState } from 'preact/hooks';
import type { Elements } from '../../../operations/knots/elements';
import { marksOf } from '../../../visualisation/marks';
import { durationOf } from '../../../visualisation/words';
import { shownText } from '../shown-text';
import { useAnswer, useFurther } from '../store';
import { Segmented } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Answered } from '../ui/page';
import { Skeleton } from '../ui/states';
import { VirtualList } from '../ui/virtual-list';
import { countWords, durationWords, shortHash } from '../words';
import { Marks } from './marks';

const PAGE = 100;
const ROW = 30;
type Element = Elements['items'][number];

const FILTERS = [
  [undefined, 'All'],
  ['err', 'Failed'],
  ['ok', 'Ok'],
  ['skipped', 'Skipped'],
] as const;
const COUNTED = [
  ['err', 'failed'],
  ['ok', 'ok'],
  ['reused', 'reused'],
  ['skipped', 'skipped'],
] as const;

export function MapElements(props: { run: string; map: string; onElement: (id: string) => void }) {
  const { run, map, onElement } = props;
  const [outcome, setOutcome] = useState<(typeof FILTERS)[number][0]>();
  const ask = { runId: run, map, limit: PAGE, ...(outcome && { outcome }) };
  const answer = useAnswer('knots.elements', ask, {
    staleOn: ({ runId: of, knotId }) =>
      of === run && (knotId === map || knotId?.startsWith(`${map}[`) === true),
  });
  const [from, setFrom] = useState<number>();
  const jumped = useAnswer('knots.elements', from === undefined ? undefined : { ...ask, from });
  const { pages, more } = useFurther(
    'knots.elements',
    ask,
    from === undefined ? answer.value : jumped.value,
    JSON.stringify([ask, from]),
  );
  const elements = pages.flatMap(({ items }) => items);
  return (
    <Answered answer={answer} isQuiet rows={3} height={24}>
      {({ counts, total, strip }) => (
        <div class="map column">
          <p class="row wrap">
            <strong>{countWords(total, 'element')}</strong>
            {COUNTED.filter(([tone]) => counts[tone] > 0).map(([tone, word]) => (
              <Outcome key={tone} tone={tone} word={`${countWords(counts[tone])} ${word}`} isBare />
            ))}
          </p>
          <Strip strip={strip} count={total} onJump={setFrom} />
          <Segmented
            label="Elements shown"
            choices={FILTERS}
            chosen={outcome}
            onChoose={(kind) => {
              setOutcome(kind);
              setFrom(undefined);
            }}
          />
          {pages.length === 0 ? (
            <Skeleton rows={3} height={24} />
          ) : elements.length === 0 ? (
            <p class="muted">There are none.</p>
          ) : (
            <div class="box column" style={{ height: `${Math.min(9, elements.length) * ROW + 2}px` }}>
              <VirtualList
                count={elements.length}
                rowHeight={ROW}
                label="Elements"
                onEnd={more}
                keyOf={(index) => elements[index]!.id}
              >
                {(index) => <Row element={elements[index]!} onElement={onElement} />}
              </VirtualList>
            </div>
          )}
        </div>
      )}
    </Answered>
  );
}

function Row({ element, onElement }: { element: Element; onElement: (id: string) => void }) {
  const { id, index, state } = element;
  const took = durationOf({ state });
  return (
    <button type="button" class="pick map-row" onClick={() => onElement(id)} title={shownText(id)}>
      <span class="number muted">{index}</span>
      <Marks marks={marksOf({ state })} />
      <span class="cut muted">
        {state.error ? shownText(`${state.error.type}: ${state.error.message}`) : ''}
      </span>
      <span class="number">{took === undefined ? '' : durationWords(took)}</span>
      <code class="muted">{state.outputHash === undefined ? '' : shortHash(state.outputHash)}</code>
    </button>
  );
}

const CELLS: Readonly<Record<string, string>> = {
  o: 'ok',
  h: 'reused',
  e: 'err',
  s: 'skipped',
  ' ': 'none',
};

/** A strip of at most 200 cells. Failed cells are higher, so that colour alone does not mark them. */
function Strip(props: { strip: string; count: number; onJump: (index: number) => void }) {
  const { strip, count, onJump } = props;
  const parts = strip.length;
  if (parts === 0) return <></>;
  // Adjacent cells of one kind are one shape, so that a strip needs only a few DOM elements.
  const runs: { kind: string; from: number; length: number }[] = [];
  for (let at = 0; at < parts; at += 1) {
    const last = runs.at(-1);
    if (last && last.kind === strip[at]) last.length += 1;
    else runs.push({ kind: strip[at]!, from: at, length: 1 });
  }
  return (
    <svg
      class="map-strip"
      viewBox={`0 0 ${parts} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${countWords(count, 'element')} from the first to the last`}
      onClick={(event) => {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        onJump(Math.floor(((event.clientX - left) / width) * count));
      }}
    >
      {['none', 'skipped', 'reused', 'ok', 'err'].map((tone) => (
        <path
          key={tone}
          class={`tone-${tone}`}
          d={runs
            .filter(({ kind }) => CELLS[kind] === tone)
            .map(({ from, length }) =>
              tone === 'err' ? `M${from} 0h${length}v20h-${length}z` : `M${from} 4h${length}v12h-${length}z`,
            )
            .join('')}
        />
      ))}
    </svg>
  );
}
