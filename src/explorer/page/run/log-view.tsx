import { useEffect, useMemo, useRef } from 'preact/hooks';
import { mapOfElement } from '../../../authoring/element-id';
import { LOG_LEVELS } from '../../../records/log-lines';
import { alter, type PageProps, type Place } from '../router';
import { shownText } from '../shown-text';
import { useAnswer, useFurther } from '../store';
import { Button, Link } from '../ui/button';
import { Search, Select } from '../ui/field';
import { Answered } from '../ui/page';
import { Empty, ErrorBox } from '../ui/states';
import { countWords } from '../words';
import { LogLine } from './log-line';

/** Pixels from the end within which the newest line is kept in sight. */
const NEAR = 20;
/** Milliseconds between questions while the run is going on. */
const FOLLOWED_MS = 2_000;
const SHOWN_UNREADABLE = 20;
const LEVELS = LOG_LEVELS.map(
  (level) => [level, level === 'error' ? 'Errors' : `${level} and above`] as const,
);

/** What all bodies of the run logged, oldest first. Follows the run, unless earlier lines are being read. */
export function LogView({ place, isOver }: PageProps<'run'> & { isOver: boolean }) {
  const { run, knot, level = '', text = '', logsOf } = place;
  const ask = {
    runId: run,
    ...(logsOf !== undefined && { knotId: logsOf }),
    ...(level !== '' && { level: level as (typeof LOG_LEVELS)[number] }),
    ...(text !== '' && { text }),
  };
  const isReadingEarlier = useRef(false);
  const answer = useAnswer('runs.logs', ask, {
    everyMs: FOLLOWED_MS,
    isHeld: () => isOver || isReadingEarlier.current,
  });
  // The last lines of a run come with its end.
  useEffect(() => {
    if (isOver && !isReadingEarlier.current) answer.reload();
  }, [isOver]);
  const { pages, cursor, error, more } = useFurther('runs.logs', ask, answer.value, answer.value);
  isReadingEarlier.current = pages.length > 1;
  const lines = useMemo(() => pages.flatMap(({ items }) => items).reverse(), [pages]);
  const unreadable = new Map(
    pages.flatMap((page) => page.unreadable.map(({ knotId, code }) => [knotId, code])),
  );
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines]);
  const set = (values: Partial<PageProps<'run'>['place']>): void => alter('run', values, { replace: true });
  const knots = [...new Set([knot, logsOf])].filter((id) => id !== undefined);
  return (
    <div class="column grow log-view">
      <form
        class="filters row wrap"
        role="search"
        aria-label="Logs"
        onSubmit={(event) => event.preventDefault()}
      >
        <Search
          label="Lines that contain"
          value={text}
          onChange={(wanted) => set({ text: wanted || undefined })}
        />
        <Select
          label="Level"
          value={level}
          options={[['', 'Every level'], ...LEVELS]}
          onChoose={(chosen) => set({ level: chosen || undefined })}
        />
        <Select
          label="Knot"
          value={logsOf ?? ''}
          options={[['', 'Every knot'], ...knots]}
          onChoose={(chosen) => set({ logsOf: chosen || undefined })}
        />
        {isReadingEarlier.current && <Button onClick={answer.reload}>Newest lines</Button>}
      </form>
      {error && <ErrorBox error={error} onRetry={more} />}
      <Answered answer={answer} rows={12} height={17}>
        {() => (
          <div
            class="knot-log sunken grow"
            ref={box}
            tabIndex={0}
            role="log"
            aria-label="Log lines"
            onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
              isAtEnd.current = scrollTop + clientHeight >= scrollHeight - NEAR;
            }}
          >
            {cursor !== undefined && <Button onClick={more}>Earlier lines</Button>}
            {[...unreadable].slice(0, SHOWN_UNREADABLE).map(([knotId, code]) => (
              <p key={knotId} class="muted">
                The log of {shownText(knotId)} cannot be shown: {code}
              </p>
            ))}
            {unreadable.size > SHOWN_UNREADABLE && (
              <p class="muted">
                {countWords(unreadable.size - SHOWN_UNREADABLE, 'further log')} cannot be shown.
              </p>
            )}
            {lines.length === 0 && cursor === undefined && (
              <Empty title="No lines">
                Bodies log with <code>ctx.logger</code>. The log of a knot is here once the knot has ended.
              </Empty>
            )}
            {lines.map(({ at, knotId, attempt, line, ...said }) => (
              <div key={`${knotId} ${line} ${at}`} class="log-row">
                <Link to={placeOf(place, knotId)} class="mono cut">
                  {shownText(knotId)}
                  {attempt > 1 && ` ×${attempt}`}
                </Link>
                <LogLine time={new Date(at).toISOString()} {...said} />
              </div>
            ))}
          </div>
        )}
      </Answered>
    </div>
  );
}

/** The filters stay. */
function placeOf(place: PageProps<'run'>['place'], knotId: string): Place {
  const map = mapOfElement(knotId);
  return { ...place, knot: map ?? knotId, element: map === undefined ? undefined : knotId };
}
