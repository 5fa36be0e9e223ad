import type { ComponentChildren } from 'preact';
import type { ScheduleView } from '../../../operations/schedules/view';
import { useAct } from '../acting';
import { about, mayAct } from '../app';
import type { PageProps } from '../router';
import { useAnswer } from '../store';
import { Button, Link } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { AnswerPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Muted } from '../ui/table';
import { Time } from '../ui/time';
import { exactWords, timeWords } from '../words';

/** Schedules, which start runs by the clock. */
export function SchedulesPage({ place }: PageProps<'schedules'>) {
  const answer = useAnswer(
    'schedules.list',
    {},
    { staleOn: ({ kind }) => kind === 'run-started', everyMs: 30_000 },
  );
  return (
    <AnswerPage title="Schedules" answer={answer} rows={3} height={120}>
      {({ items, unreadable = [] }) =>
        items.length + unreadable.length === 0 ? (
          <Empty icon="schedules" title="No schedules">
            Declare one with <code>schedule(…)</code> in your file, then run{' '}
            <code>selvage schedules deploy FILE</code>.
          </Empty>
        ) : (
          <ul class="cards column">
            {items.map((schedule) => (
              <Schedule key={schedule.id} schedule={schedule} isChosen={schedule.id === place.schedule} />
            ))}
            {unreadable.map(({ id, code, message }) => (
              <li key={id} class="card">
                <h2 class="break">{id}</h2>
                <p class="muted break">
                  {code}: {message}
                </p>
              </li>
            ))}
          </ul>
        )
      }
    </AnswerPage>
  );
}

function Schedule({ schedule, isChosen }: { schedule: ScheduleView; isChosen: boolean }) {
  const { id, tapestry, description, timezone, paused, note, nextAt, recent, overlap } = schedule;
  const doing = useAct({ asToast: true });
  const isPartitioned =
    schedule.isBackfill || about.value.tapestries.some((one) => one.name === tapestry && one.partitioned);
  const flip = (): Promise<unknown> =>
    paused
      ? doing.act('schedules.resume', { schedule: id }, `${id} goes on`)
      : doing.act('schedules.pause', { schedule: id }, `${id} is paused`);
  return (
    <li class={`card${isChosen ? ' chosen' : ''}`}>
      <header class="row wrap between">
        <div>
          <h2 class="break">{id}</h2>
          <p class="muted">
            <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link> · {description}
            {isPartitioned && (
              <>
                {' · '}
                <Link to={{ page: 'partitions', tapestry }}>its partitions</Link>
              </>
            )}
          </p>
        </div>
        <div class="row">
          {paused && <Outcome tone="waiting" word="paused" />}
          {mayAct() && (
            <>
              <Button
                icon="play"
                isBusy={doing.isBusy}
                onClick={() => void doing.act('schedules.trigger', { schedule: id }, `Triggered ${id}`)}
              >
                Run now
              </Button>
              <Button icon={paused ? 'again' : 'pause'} isBusy={doing.isBusy} onClick={() => void flip()}>
                {paused ? 'Resume' : 'Pause'}
              </Button>
            </>
          )}
        </div>
      </header>
      {note !== null && <p class="muted break">{note}</p>}
      <div class="schedule-times">
        <Times
          title={`Next, ${timezone}`}
          none={paused ? 'None while it is paused.' : 'No further time.'}
          items={nextAt.slice(0, 5).map((at) => (
            <li key={at} class="row between" title={exactWords(at)}>
              <span class="number">{timeWords(at, timezone)}</span> <Ago at={at} />
            </li>
          ))}
        />
        <Times
          title="Last"
          none="It has started nothing yet."
          items={recent.slice(0, 5).map(({ runId: run, startedAt }) => (
            <li key={run} class="row between">
              <Link to={{ page: 'run', run }} class="link cut" title={run}>
                {run}
              </Link>{' '}
              <Ago at={startedAt} />
            </li>
          ))}
        />
        <section>
          <h3>Rules</h3>
          <p>If one still runs: {overlap}</p>
        </section>
      </div>
    </li>
  );
}

function Times({ title, none, items }: { title: string; none: string; items: ComponentChildren[] }) {
  return (
    <section>
      <h3>{title}</h3>
      {items.length === 0 ? <p class="muted">{none}</p> : <ol>{items}</ol>}
    </section>
  );
}

function Ago({ at }: { at: number }) {
  return (
    <Muted>
      <Time at={at} />
    </Muted>
  );
}
