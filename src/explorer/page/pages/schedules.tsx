import type { ScheduleView } from '../../../operations/schedules/view';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { PageHead } from '../frame';
import type { PageProps } from '../pages';
import { href } from '../router';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Time } from '../ui/time';
import { exactWords, timeWords } from '../words';

/** Schedules, which start runs by the clock. */
export function SchedulesPage({ place }: PageProps<'schedules'>) {
  const answer = useAnswer(
    'schedules.list',
    {},
    { staleOn: ({ kind }) => kind === 'run-started', everyMs: 30_000 },
  );
  const { items: schedules, unreadable = [] } = answer.value ?? {};
  return (
    <>
      <PageHead title="Schedules" />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!schedules ? (
          !answer.error && <Skeleton rows={3} height={120} />
        ) : schedules.length + unreadable.length === 0 ? (
          <Empty icon="schedules" title="No schedules">
            Declare one with <code>schedule(…)</code> in your file, then run{' '}
            <code>selvage schedules deploy FILE</code>.
          </Empty>
        ) : (
          <ul class="cards">
            {schedules.map((schedule) => (
              <Schedule key={schedule.id} schedule={schedule} isChosen={schedule.id === place.schedule} />
            ))}
            {unreadable.map(({ id, code, message }) => (
              <li key={id} class="card schedule">
                <h2 class="break">{id}</h2>
                <p class="muted break">
                  {code}: {message}
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function Schedule({ schedule, isChosen }: { schedule: ScheduleView; isChosen: boolean }) {
  const { id, tapestry, description, timezone, paused, note, nextAt, recent, overlap } = schedule;
  const doing = useAct({ asToast: true });
  return (
    <li class={`card schedule${isChosen ? ' chosen' : ''}`}>
      <header>
        <div>
          <h2 class="break">{id}</h2>
          <p class="muted">
            <a class="link" href={href({ page: 'tapestry', tapestry })}>
              {tapestry}
            </a>{' '}
            · {description}
          </p>
        </div>
        <div class="card-acts">
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
              <Button
                icon={paused ? 'again' : 'pause'}
                isBusy={doing.isBusy}
                onClick={() =>
                  void doing.act(
                    paused ? 'schedules.resume' : 'schedules.pause',
                    { schedule: id },
                    paused ? `${id} goes on` : `${id} is paused`,
                  )
                }
              >
                {paused ? 'Resume' : 'Pause'}
              </Button>
            </>
          )}
        </div>
      </header>
      {note !== null && <p class="muted break">{note}</p>}
      <div class="schedule-times">
        <section>
          <h3>{`Next, ${timezone}`}</h3>
          {nextAt.length === 0 ? (
            <p class="muted">{paused ? 'None while it is paused.' : 'No further time.'}</p>
          ) : (
            <ol>
              {nextAt.slice(0, 5).map((at) => (
                <li key={at} title={exactWords(at)}>
                  <span class="number">{timeWords(at, timezone)}</span>{' '}
                  <span class="muted">
                    <Time at={at} />
                  </span>
                </li>
              ))}
            </ol>
          )}
        </section>
        <section>
          <h3>Last</h3>
          {recent.length === 0 ? (
            <p class="muted">It has started nothing yet.</p>
          ) : (
            <ol>
              {recent.slice(0, 5).map(({ runId, startedAt }) => (
                <li key={runId}>
                  <a class="link cut" href={href({ page: 'run', run: runId })} title={runId}>
                    {runId}
                  </a>{' '}
                  <span class="muted">
                    <Time at={startedAt} />
                  </span>
                </li>
              ))}
            </ol>
          )}
        </section>
        <section>
          <h3>Rules</h3>
          <p>If one still runs: {overlap}</p>
        </section>
      </div>
    </li>
  );
}
