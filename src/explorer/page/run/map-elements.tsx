import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Elements } from '../../../operations/knots/elements';
import { source } from '../app';
import { recordedStatus } from '../../../visualisation/selection';
import { durationOf } from '../../../visualisation/words';
import { TONES } from '../graph/tones';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { ErrorBox, Skeleton } from '../ui/states';
import { VirtualList } from '../ui/virtual-list';
import { countWords, durationWords, shortHash } from '../words';

const PAGE = 100;
const ROW = 30;
type Element = Elements['items'][number];

const FILTERS = [
  [undefined, 'All'],
  ['err', 'Failed'],
  ['ok', 'Ok'],
  ['skipped', 'Skipped'],
] as const;

/** The elements of a map: counts, a strip of all of them, and a list of any length. */
export function MapElements({
  run,
  map,
  onElement,
}: {
  run: string;
  map: string;
  onElement: (id: string) => void;
}): JSX.Element {
  const [outcome, setOutcome] = useState<(typeof FILTERS)[number][0]>();
  const ask = { runId: run, map, limit: PAGE, ...(outcome && { outcome }) };
  const { value, error, reload } = useAnswer('knots.elements', ask, {
    staleOn: ({ runId: of, knotId }) =>
      of === run && (knotId === map || knotId?.startsWith(`${map}[`) === true),
  });
  const list = useMore(value, ask);
  if (error && !value) return <ErrorBox error={error} onRetry={reload} />;
  if (!value) return <Skeleton rows={3} height={24} />;
  const { counts, total, strip } = value;
  return (
    <div class="map">
      <p class="map-counts">
        <strong>{countWords(total, 'element')}</strong>
        {counts.err > 0 && <Outcome tone="err" word={`${countWords(counts.err)} failed`} isBare />}
        {counts.ok > 0 && <Outcome tone="ok" word={`${countWords(counts.ok)} ok`} isBare />}
        {counts.reused > 0 && <Outcome tone="reused" word={`${countWords(counts.reused)} reused`} isBare />}
        {counts.skipped > 0 && (
          <Outcome tone="skipped" word={`${countWords(counts.skipped)} skipped`} isBare />
        )}
      </p>
      <Strip strip={strip} count={total} onJump={(index) => list.jump(index)} />
      <div class="segmented" role="group" aria-label="Elements shown">
        {FILTERS.map(([kind, word]) => (
          <Button key={word} isPressed={outcome === kind} onClick={() => setOutcome(kind)}>
            {word}
          </Button>
        ))}
      </div>
      {list.elements.length === 0 ? (
        <p class="muted">There are none.</p>
      ) : (
        <div class="map-list" style={{ height: `${Math.min(9, list.elements.length) * ROW + 2}px` }}>
          <VirtualList
            count={list.elements.length}
            rowHeight={ROW}
            label="Elements"
            onEnd={list.more}
            keyOf={(index) => list.elements[index]!.id}
          >
            {(index) => <Row element={list.elements[index]!} onElement={onElement} />}
          </VirtualList>
        </div>
      )}
    </div>
  );
}

function Row({ element, onElement }: { element: Element; onElement: (id: string) => void }): JSX.Element {
  const { id, index, state } = element;
  const status = recordedStatus({ state });
  const took = durationOf({ state });
  return (
    <button type="button" class="map-row" onClick={() => onElement(id)} title={shownText(id)}>
      <span class="number muted">{index}</span>
      <Outcome tone={TONES[status]} word={status} isBare />
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

/**
 * All elements in at most 200 cells. Failed ones are higher than the others, so that colour alone does not
 * mark them.
 */
function Strip({
  strip,
  count,
  onJump,
}: {
  strip: string;
  count: number;
  onJump: (index: number) => void;
}): JSX.Element {
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
          class={`strip-${tone}`}
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

/** The pages after the first, which is kept up to date separately. */
function useMore(
  first: Elements | undefined,
  ask: { runId: string; map: string; limit: number; outcome?: 'ok' | 'err' | 'skipped' },
): { elements: readonly Element[]; more: () => void; jump: (index: number) => void } {
  const key = JSON.stringify(ask);
  const [later, setLater] = useState<{
    key: string;
    elements: readonly Element[];
    cursor?: string;
    from?: number;
  }>();
  const busy = useRef(false);
  const mine = later?.key === key ? later : undefined;
  useEffect(() => setLater(undefined), [key]);
  const { cursor } = mine ?? first ?? {};
  const load = async (place: { from: number } | { cursor: string }): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    try {
      const answer = await source().ask('knots.elements', { ...ask, ...place });
      setLater((was) => {
        const before = 'from' in place || was?.key !== key ? undefined : was;
        return {
          key,
          elements: [...(before?.elements ?? []), ...answer.items],
          ...('from' in place ? place : before?.from !== undefined && { from: before.from }),
          ...(answer.cursor !== undefined && { cursor: answer.cursor }),
        };
      });
    } catch {
      // The list stays as it is; scrolling to its end asks again.
    } finally {
      busy.current = false;
    }
  };
  const elements = [...(mine?.from === undefined ? (first?.items ?? []) : []), ...(mine?.elements ?? [])];
  return {
    elements,
    more: () => {
      if (cursor !== undefined) void load({ cursor });
    },
    jump: (index) => void load({ from: index }),
  };
}
