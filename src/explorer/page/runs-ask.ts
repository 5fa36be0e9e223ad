import type { OutcomeKind, RunStatus } from '../../authoring/outcome';
import type { AskOf } from '../../operations';
import type { RunSummary } from '../../operations/runs/summary';
import type { Places } from './routes';

export const STATUSES: readonly RunStatus[] = ['running', 'succeeded', 'failed', 'cancelled', 'terminated'];

export const OUTCOMES: readonly OutcomeKind[] = ['ok', 'err', 'skipped'];

type RunsPlace = Places['runs'];

const SPANS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The milliseconds of an age (`90m`, `24h`, `7d`) or an ISO 8601 date; undefined for other texts. */
export function timeIn(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  if (count !== undefined) return now - Number(count) * SPANS[unit!]!;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** The question for the page's filters. An invalid status, outcome or time is left out. */
export function runsAsk(place: RunsPlace, now: number): AskOf<'runs.list'> {
  const { tapestry, definition, actor, trigger, tag, partition } = place;
  const status = STATUSES.find((one) => one === place.status);
  const outcome = definition === undefined ? undefined : OUTCOMES.find((one) => one === place.outcome);
  const since = timeIn(place.since, now);
  const until = timeIn(place.until, now);
  return { tapestry, definition, outcome, status, actor, trigger, tag, partition, since, until };
}

export function filtersSet(place: RunsPlace): number {
  return ['definition', 'actor', 'trigger', 'tag', 'partition', 'until'].filter(
    (name) => place[name as keyof RunsPlace] !== undefined,
  ).length;
}

/** Whether the run's id contains each of the words, ignoring case. */
export function matchesText({ runId }: Pick<RunSummary, 'runId'>, text: string | undefined): boolean {
  if (text === undefined) return true;
  const id = runId.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => id.includes(word));
}
