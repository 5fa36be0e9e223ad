import type { ComponentChildren } from 'preact';
import type { RunSummary } from '../../../operations/runs/summary';
import { alter, type Places } from '../router';
import { shownText } from '../shown-text';
import { Tag } from '../ui/chip';
import { Shape, type Tone } from '../ui/outcome';
import { Duration, Time } from '../ui/time';
import { countWords } from '../words';

interface RunColumn {
  readonly title: string;
  readonly cell: (run: RunSummary) => ComponentChildren;
  /** A tooltip, in place of the cell's text when the mouse is over it. */
  readonly text?: (run: RunSummary) => string | undefined;
  readonly look?: string;
}

/** Columns beside status and run, by their name in the URL. */
export const RUN_COLUMNS: Readonly<Record<string, RunColumn>> = {
  tapestry: text('Tapestry', ({ tapestry }) => tapestry),
  parameters: text('Parameters', parameterWords),
  knots: { title: 'Knots', cell: ({ counts }) => counts && <Counts counts={counts} /> },
  trigger: text('Trigger', ({ partition, trigger, actor }) => partition ?? trigger ?? actor),
  actor: text('Actor', ({ actor }) => actor),
  partition: text('Partition', ({ partition }) => partition),
  commit: text('Commit', ({ vcsCommit }) => vcsCommit?.slice(0, 10)),
  tags: { title: 'Tags', cell: ({ tags }) => tags.slice(0, 3).map((tag) => <Tag key={tag}>{tag}</Tag>) },
  duration: {
    title: 'Duration',
    look: 'right muted',
    cell: (run) => (run.started === false ? '–' : <Duration from={run.startedAt} to={run.finishedAt} />),
  },
  started: { title: 'Started', look: 'right muted', cell: ({ startedAt }) => <Time at={startedAt} /> },
  finished: {
    title: 'Finished',
    look: 'right muted',
    cell: ({ finishedAt }) => finishedAt !== undefined && <Time at={finishedAt} />,
  },
};

const USUAL = ['tapestry', 'knots', 'trigger', 'duration', 'started'];

function text(title: string, of: (run: RunSummary) => string | undefined): RunColumn {
  return { title, cell: of, text: of, look: 'cut muted' };
}

/** `name=Ada, times=2`. */
function parameterWords({ parameters = {} }: Pick<RunSummary, 'parameters'>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .map(shownText)
    .join(', ');
}

/** The names of the columns to show, in their order. */
export function columnsOf({ columns }: Pick<Places['runs'], 'columns'>): readonly string[] {
  if (columns === undefined) return USUAL;
  const chosen = new Set(columns.split(','));
  return Object.keys(RUN_COLUMNS).filter((name) => chosen.has(name));
}

export function ChooseColumns({ columns }: { columns: readonly string[] }) {
  const flip = (name: string): void => {
    const next = columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name];
    const isUsual = next.length === USUAL.length && USUAL.every((one) => next.includes(one));
    // A comma alone stands for no column.
    alter('runs', { columns: isUsual ? undefined : next.join(',') || ',' }, { replace: true });
  };
  return (
    <fieldset class="filters-more columns row wrap">
      <legend class="out-of-sight">Columns</legend>
      {Object.entries(RUN_COLUMNS).map(([name, { title }]) => (
        <label key={name} class="check row">
          <input type="checkbox" checked={columns.includes(name)} onChange={() => flip(name)} />
          {title}
        </label>
      ))}
    </fieldset>
  );
}

const COUNTED: readonly [name: 'ok' | 'err' | 'skipped', tone: Tone, word: string][] = [
  ['ok', 'ok', 'ok'],
  ['err', 'err', 'failed'],
  ['skipped', 'skipped', 'skipped'],
];

function Counts({ counts }: { counts: NonNullable<RunSummary['counts']> }) {
  return (
    <span class="counts row fine">
      {COUNTED.filter(([name]) => counts[name] > 0).map(([name, tone, word]) => (
        <span key={name} class={`inline tone-${tone}`} title={`${countWords(counts[name])} ${word}`}>
          <Shape tone={tone} size={10} />
          <span class="number">{countWords(counts[name])}</span>
          <span class="out-of-sight"> {word}</span>
        </span>
      ))}
    </span>
  );
}
