import { useState } from 'preact/hooks';
import { about } from '../app';
import { alter, type PageProps } from '../router';
import { filtersSet, OUTCOMES, STATUSES } from '../runs-ask';
import { Button } from '../ui/button';
import { Search, Select } from '../ui/field';
import { ChooseColumns } from './run-columns';

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

type RunFiltersProps = PageProps<'runs'> & {
  search: preact.RefObject<HTMLInputElement>;
  columns: readonly string[];
};

export function RunFilters({ place, search, columns }: RunFiltersProps) {
  const [isChoosing, setChoosing] = useState(false);
  const [isOpen, setOpen] = useState(() => filtersSet(place) > 0);
  const set = filtersSet(place);
  const known = about.value.tapestries.map(({ name }) => name);
  const names =
    place.tapestry === undefined || known.includes(place.tapestry) ? known : [place.tapestry, ...known];
  const { since = '' } = place;
  const isKnownSince = SINCE.some(([value]) => value === since);
  return (
    <form
      class="filters row wrap"
      role="search"
      aria-label="Runs"
      onSubmit={(event) => event.preventDefault()}
    >
      <Search
        input={search}
        label="Filter by run id"
        value={place.text ?? ''}
        onChange={(text) => alter('runs', { text: text || undefined }, { replace: true })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') search.current?.blur();
        }}
      />
      <Select
        label="Status"
        value={place.status ?? ''}
        options={[['', 'Any status'], ...STATUSES]}
        onChoose={(status) => alter('runs', { status: status || undefined })}
      />
      <Select
        label="Tapestry"
        value={place.tapestry ?? ''}
        options={[['', 'Any tapestry'], ...names]}
        onChoose={(tapestry) => alter('runs', { tapestry: tapestry || undefined, view: undefined })}
      />
      <Select
        label="Started"
        value={since}
        options={isKnownSince ? SINCE : [...SINCE, [since, `Since ${since}`]]}
        onChoose={(text) => alter('runs', { since: text || undefined })}
      />
      <Button kind="quiet" icon="filter" isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {set > 0 ? `More (${set})` : 'More'}
      </Button>
      <Button kind="quiet" isExpanded={isChoosing} onClick={() => setChoosing(!isChoosing)}>
        Columns
      </Button>
      {isChoosing && <ChooseColumns columns={columns} />}
      {isOpen && (
        <div class="filters-more row wrap">
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
            <Select
              label="Outcome of its knots"
              value={place.outcome ?? ''}
              options={[['', 'Any outcome'], ...OUTCOMES]}
              onChoose={(outcome) => alter('runs', { outcome: outcome || undefined })}
            />
          )}
          {TIMES.map(([name, label]) => (
            <label key={name} class="row muted">
              <span>{label}</span>
              <input
                type="datetime-local"
                value={localTime(place[name])}
                onChange={(event) => alter('runs', { [name]: instantText(event.currentTarget.value) })}
              />
            </label>
          ))}
        </div>
      )}
    </form>
  );
}

/** The time of a field in the URL, where it means the same in every time zone. */
function instantText(local: string): string | undefined {
  return local === '' ? undefined : new Date(local).toISOString();
}

function localTime(text: string | undefined): string {
  const time = text === undefined || /^\d+[a-z]$/.test(text) ? NaN : Date.parse(text);
  if (Number.isNaN(time)) return '';
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
