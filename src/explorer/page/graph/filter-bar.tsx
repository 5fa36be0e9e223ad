import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { KNOT_STATUSES, type KnotStatus } from '../../../visualisation/marks';
import { selectKnots, type Selection } from '../../../visualisation/selection';
import { useKeys } from '../keys';
import type { RunModel } from '../run/run-model';
import { useRunChanges } from '../run/use-run-changes';
import { shownText } from '../shown-text';
import { Shape } from '../ui/outcome';
import { countWords } from '../words';
import { TONES } from './status';

export function FilterBar(props: {
  model: RunModel;
  filter: string;
  onFilter: (text: string) => void;
  children?: ComponentChildren;
}) {
  const { model, filter, onFilter, children } = props;
  const field = useRef<HTMLInputElement>(null);
  const selection = useSelection(model, filter);
  const { counts } = model;
  const word = (status: KnotStatus): void => onFilter(filter.trim() === status ? '' : status);
  useKeys('Filter', [
    { keys: 'f', says: 'Failed knots only', run: () => word('failed') },
    { keys: '/', says: 'Filter', run: () => field.current?.focus() },
  ]);
  return (
    <div class="view-bar g-bar row wrap">
      <label class="g-filter">
        <span class="out-of-sight">Filter knots</span>
        <input
          ref={field}
          type="search"
          value={filter}
          placeholder="Filter: failed, +report+, type:load"
          spellcheck={false}
          autocomplete="off"
          aria-invalid={selection.problems.length > 0}
          onInput={(event) => onFilter(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      </label>
      <div class="g-legend row wrap grow" role="group" aria-label="Knots by status">
        {KNOT_STATUSES.filter((status) => counts[status] > 0 && model.wordOf(status) !== '').map((status) => (
          <button
            key={status}
            type="button"
            class={`row tone-${TONES[status]}`}
            aria-pressed={filter.trim() === status}
            onClick={() => word(status)}
          >
            <Shape tone={TONES[status]} />
            {`${countWords(counts[status])} ${model.wordOf(status)}`}
          </button>
        ))}
      </div>
      {filter.trim() !== '' && (
        <span class={selection.problems.length > 0 ? 'tone-err fine' : 'muted fine'} role="status">
          {selection.problems[0] === undefined
            ? `${countWords(selection.knots.size)} of ${countWords(model.knots.length, 'knot')}`
            : shownText(selection.problems[0])}
        </span>
      )}
      {children}
    </div>
  );
}

/** The filter is evaluated again as statuses change, so that one such as `failed` follows the run. */
export function useSelection(model: RunModel, filter: string): Selection {
  const version = useRunChanges(model);
  const now = filter.trim() === '' ? 0 : version;
  return useMemo(
    () => selectKnots(model.graph, filter, (knot) => model.statusOf(knot)),
    [model, filter, now],
  );
}
