import type { RunStatus } from '../../../authoring/outcome';
import type { AttentionItem } from '../../../operations/project/attention';
import type { Questions } from '../../contract';
import type { PageProps, Place } from '../router';
import { formatBytes } from '../../../visualisation/words';
import { alter } from '../router';
import { useAnswer } from '../store';
import { Link, Segmented } from '../ui/button';
import { Outcome, STATUS_TONES, type Tone } from '../ui/outcome';
import { AnswerPage, Below } from '../ui/page';
import { Empty } from '../ui/states';
import { Code, Table, none } from '../ui/table';
import { Time } from '../ui/time';
import { atLeast, countWords, durationWords, exactWords } from '../words';
import { Worsened } from './worsened';

type Overview = Questions['project.overview']['answer'];

const HOUR_MS = 3_600_000;
const MOST_SHOWN = 200;
const RUN_STATUSES = Object.keys(STATUS_TONES) as RunStatus[];

const KINDS: Readonly<Record<AttentionItem['kind'], readonly [tone: Tone, word: string]>> = {
  failed: ['err', 'failed'],
  late: ['waiting', 'late'],
  waits: ['waiting', 'waits for a person'],
  worse: ['cancelled', 'became worse'],
};

/** Lists what needs attention, and shows runs by the hour, schedules that are due, and the health of the project. */
export function OverviewPage({ place }: PageProps<'overview'>) {
  const last = place.last === '7d' ? '7d' : undefined;
  const answer = useAnswer(
    'project.overview',
    { since: last ?? '24h', limit: MOST_SHOWN },
    // The overview reads a lot, and would read all the time if events of runs alone renewed it.
    { everyMs: 15_000 },
  );
  return (
    <AnswerPage
      title="Overview"
      answer={answer}
      acts={
        <Segmented
          label="Time"
          choices={[
            [undefined, '24 hours'],
            ['7d', '7 days'],
          ]}
          chosen={last}
          onChoose={(chosen) => alter('overview', { last: chosen })}
        />
      }
    >
      {(overview) => (
        <>
          <Attention {...overview} />
          <Below title="Runs by hour">
            <Hours {...overview} />
          </Below>
          <Below title="Due next">
            <Due schedules={overview.schedules} />
          </Below>
          <Below title="Health">
            <Health health={overview.health} />
          </Below>
        </>
      )}
    </AnswerPage>
  );
}

function Attention({ attention, total }: Overview) {
  if (total === 0)
    return (
      <Empty icon="check" title="Nothing needs attention">
        Failed and late runs, and runs that wait for a signal, are listed here.
      </Empty>
    );
  return (
    <>
      <Table
        items={attention}
        keyOf={({ kind, runId, temporalRunId, schedule, knotId, regression }) =>
          [kind, runId, temporalRunId, schedule, knotId, regression?.name, regression?.what].join(' ')
        }
        columns={[
          ['When', ({ at }) => <Time at={at} />, 'muted'],
          ['State', ({ kind }) => <Outcome tone={KINDS[kind][0]} word={KINDS[kind][1]} isBare />],
          ['Name', (item) => <Link to={subjectOf(item)}>{nameOf(item)}</Link>],
          ['Detail', (item) => detailOf(item)],
          ['Action', (item) => <Link to={nextOf(item)}>{NEXT[item.act]}</Link>],
        ]}
      />
      {total > attention.length && <p class="muted">{countWords(total - attention.length)} more.</p>}
    </>
  );
}

const NEXT: Readonly<Record<AttentionItem['act'], string>> = {
  open: 'Open',
  resume: 'Open and resume',
  answer: 'Answer',
};

function nameOf({ runId, schedule, regression }: AttentionItem): string {
  return runId ?? schedule ?? regression?.name ?? '';
}

function subjectOf({ runId, knotId, schedule, tapestry }: AttentionItem): Place {
  if (runId !== undefined) return { page: 'run', run: runId, knot: knotId };
  if (schedule !== undefined) return { page: 'schedules', schedule };
  return { page: 'stats', by: tapestry === undefined ? undefined : 'tapestry' };
}

function nextOf(item: AttentionItem): Place {
  const { act, runId, signal } = item;
  return act === 'answer' ? { page: 'approvals', run: runId, signal } : subjectOf(item);
}

function detailOf({ kind, error, at, usualMs, knotId, signal, regression }: AttentionItem) {
  if (kind === 'failed')
    return error ? (
      <>
        <Code>{error.type}</Code> {error.message}
      </>
    ) : (
      none
    );
  if (kind === 'waits') return `${knotId} waits for the signal ${signal}`;
  if (kind === 'worse') return <Worsened {...regression!} />;
  return usualMs === undefined
    ? 'Its next run has not begun.'
    : `Has run for ${durationWords(Date.now() - at)}, usually ${durationWords(usualMs)} at most.`;
}

/** A bar for each hour, which leads to its runs. */
function Hours({ hours, since, until, truncated }: Overview) {
  if (hours.length === 0)
    return (
      <p class="muted">
        No run began. Start one: <code>selvage run FILE</code>
      </p>
    );
  const byHour = new Map(hours.map(({ at, counts }) => [at, counts]));
  const most = Math.max(...hours.map(({ counts }) => sum(counts)));
  const bars: number[] = [];
  for (let at = Math.floor(since / HOUR_MS) * HOUR_MS; at <= until; at += HOUR_MS) bars.push(at);
  return (
    <>
      <ol class="hours">
        {bars.map((at) => {
          const counts = byHour.get(at) ?? {};
          const label = `${exactWords(at)}: ${wordsOf(counts)}`;
          const to = { page: 'runs', since: iso(at), until: iso(at + HOUR_MS) } as const;
          return (
            <li key={at}>
              <Link to={to} title={label}>
                {RUN_STATUSES.map((status) => (
                  <span
                    key={status}
                    class={`tone-${STATUS_TONES[status]}`}
                    style={{ height: `${(100 * (counts[status] ?? 0)) / most}%` }}
                  />
                ))}
              </Link>
            </li>
          );
        })}
      </ol>
      {truncated && <p class="muted">Not all runs were read: there may be more.</p>}
    </>
  );
}

type Counts = Partial<Record<RunStatus, number>>;

const iso = (at: number): string => new Date(at).toISOString();
const sum = (counts: Counts): number => Object.values(counts).reduce((all, one) => all + one, 0);

function wordsOf(counts: Counts): string {
  const told = RUN_STATUSES.filter((status) => counts[status] !== undefined);
  return told.length === 0 ? 'no runs' : told.map((status) => `${counts[status]} ${status}`).join(', ');
}

function Due({ schedules }: Pick<Overview, 'schedules'>) {
  if (!schedules) return <p class="muted">The server is away, so that schedules are unknown.</p>;
  if (schedules.length === 0)
    return (
      <p class="muted">
        No schedule is due. To deploy schedules, run <code>selvage schedules deploy FILE</code>
      </p>
    );
  return (
    <Table
      items={schedules}
      keyOf={({ id }) => id}
      columns={[
        ['Next run', ({ at }) => <Time at={at} />],
        ['Schedule', ({ id }) => <Link to={{ page: 'schedules', schedule: id }}>{id}</Link>],
        ['Tapestry', ({ tapestry }) => <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>],
      ]}
    />
  );
}

function Health({ health: { server, workers, history, emitters, triggers } }: Pick<Overview, 'health'>) {
  return (
    <ul>
      <li>
        <Outcome tone={server === 'connected' ? 'ok' : 'err'} word={`server ${server}`} isBare />
      </li>
      <li>
        {workers ? (
          <Link to={{ page: 'workers' }}>{countWords(workers.alive, 'worker')}</Link>
        ) : (
          'Workers are unknown.'
        )}
      </li>
      {workers?.queuesWithoutWorker.map((queue) => (
        <li key={queue}>
          <Outcome tone="err" word="no worker" isBare /> <Link to={{ page: 'workers', queue }}>{queue}</Link>
        </li>
      ))}
      {history && (
        <li>
          {`Run history: ${formatBytes(history.bytes)} in ${history.technology}`}
          {history.freeBytes !== undefined && `, ${formatBytes(history.freeBytes)} left on its disk`}
        </li>
      )}
      {emitters.map(({ name, state, lag }) => (
        <li key={name}>
          <Outcome tone="err" word={`emitter ${state}`} isBare />{' '}
          <Link to={{ page: 'emitters', emitter: name }}>{name}</Link>, {atLeast(lag.changes, lag.atLeast)}{' '}
          changes behind
        </li>
      ))}
      {triggers.map(({ name, pendingCount, atLeast: isMore }) => (
        <li key={name}>
          <Outcome tone="waiting" word={`${atLeast(pendingCount, isMore)} events without a run`} isBare />{' '}
          <Link to={{ page: 'triggers', trigger: name }}>{name}</Link>
        </li>
      ))}
    </ul>
  );
}
