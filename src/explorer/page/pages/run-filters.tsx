import { useState } from 'preact/hooks';
import { about } from '../app';
import type { PageProps } from '../pages';
import { alter } from '../router';
import { filtersSet, OUTCOMES, STATUSES } from '../runs-ask';
import { Button } from '../ui/button';

const SINCE = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
] as const;

const MORE = [
  ['definition', 'Definition'],
  ['actor', 'Actor'],
  ['trigger', 'Trigger'],
  ['tag', 'Tag'],
  ['partition', 'Partition'],
] as const;

const TIMES = [
  ['since', 'Since'],
  ['until', 'Until'],
] as const;

export function RunFilters({
  place,
  search,
}: PageProps<'runs'> & { search: preact.RefObject<HTMLInputElement> }) {
  const [isOpen, setOpen] = useState(() => filtersSet(place) > 0);
  const set = filtersSet(place);
  const known = about.value.tapestries.map(({ name }) => name);
  const names =
    place.tapestry === undefined || known.includes(place.tapestry) ? known : [place.tapestry, ...known];
  return (
    <form class="filters" role="search" aria-label="Runs" onSubmit={(event) => event.preventDefault()}>
      <input
        ref={search}
        type="search"
        class="filter-text"
        placeholder="Filter by run id"
        aria-label="Filter by run id"
        autocomplete="off"
        spellcheck={false}
        value={place.text ?? ''}
        onInput={(event) =>
          alter('runs', { text: event.currentTarget.value || undefined }, { replace: true })
        }
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <select
        aria-label="Status"
        value={place.status ?? ''}
        onChange={(event) => alter('runs', { status: event.currentTarget.value || undefined })}
      >
        <option value="">Any status</option>
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {status}
          </option>
        ))}
      </select>
      <select
        aria-label="Tapestry"
        value={place.tapestry ?? ''}
        onChange={(event) =>
          alter('runs', { tapestry: event.currentTarget.value || undefined, view: undefined })
        }
      >
        <option value="">Any tapestry</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Started"
        value={place.since ?? ''}
        onChange={(event) => alter('runs', { since: event.currentTarget.value || undefined })}
      >
        {SINCE.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
        {place.since !== undefined && !SINCE.some(([value]) => value === place.since) && (
          <option value={place.since}>Since {place.since}</option>
        )}
      </select>
      <Button kind="quiet" icon="filter" isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {set > 0 ? `More (${set})` : 'More'}
      </Button>
      {isOpen && (
        <div class="filters-more">
          {MORE.map(([name, label]) => (
            <input
              key={name}
              type="text"
              aria-label={label}
              placeholder={label}
              autocomplete="off"
              value={place[name] ?? ''}
              onChange={(event) => alter('runs', { [name]: event.currentTarget.value.trim() || undefined })}
            />
          ))}
          {place.definition !== undefined && (
            <select
              aria-label="Outcome of its knots"
              value={place.outcome ?? ''}
              onChange={(event) => alter('runs', { outcome: event.currentTarget.value || undefined })}
            >
              <option value="">Any outcome</option>
              {OUTCOMES.map((outcome) => (
                <option key={outcome} value={outcome}>
                  {outcome}
                </option>
              ))}
            </select>
          )}
          {TIMES.map(([name, label]) => (
            <label key={name}>
              <span>{label}</span>
              <input
                type="datetime-local"
                value={localTime(place[name])}
                onChange={(event) => alter('runs', { [name]: event.currentTarget.value || undefined })}
              />
            </label>
          ))}
        </div>
      )}
    </form>
  );
}

/** The value of a date and time input; empty for an age such as `24h`. */
function localTime(text: string | undefined): string {
  return text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? text.slice(0, 16) : '';
}
