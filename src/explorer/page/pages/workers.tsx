import type { QueueView, WorkerView } from '../../../operations/workers/list';
import { PageHead } from '../frame';
import type { PageProps } from '../pages';
import { href } from '../router';
import { useAnswer } from '../store';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table, type TableRow } from '../ui/table';
import { Time, useNow } from '../ui/time';
import { countWords } from '../words';

/** A worker polls at least once a minute; one that has not for this long is gone. */
const GONE_MS = 75_000;

/** The processes that run bodies, by the task queue that they poll. */
export function WorkersPage({ place }: PageProps<'workers'>) {
  const answer = useAnswer(
    'workers.list',
    {},
    { staleOn: ({ kind }) => kind !== 'knot-finished', everyMs: 5_000 },
  );
  const queues = answer.value?.items;
  const now = useNow(5_000);
  return (
    <>
      <PageHead title="Workers" />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!queues ? (
          !answer.error && <Skeleton rows={4} height={42} />
        ) : queues.length === 0 ? (
          <Empty icon="workers" title="No task queues">
            Run <code>selvage worker FILE</code> or <code>selvage dev FILE</code>: its queue is listed here.
          </Empty>
        ) : (
          <Table
            heads={[
              'Task queue',
              'State',
              'Tapestries',
              'Workers',
              ['number', 'Open runs'],
              ['muted', 'Last poll'],
            ]}
            rows={queues.map((queue) => rowOf(queue, now))}
            chosen={place.queue}
          />
        )}
        {answer.value?.truncated && (
          <p class="muted">
            There is more: 50 queues at most are shown, and the newest 1,000 open runs counted.
          </p>
        )}
      </div>
    </>
  );
}

function rowOf({ taskQueue, tapestries, workers, lastPollAt, running }: QueueView, now: number): TableRow {
  const isPolled = workers.length > 0 && (lastPollAt === undefined || now - lastPollAt < GONE_MS);
  return [
    taskQueue,
    <code class="break">{taskQueue}</code>,
    isPolled ? (
      <Outcome tone="ok" word="polled" isBare />
    ) : running > 0 ? (
      <Outcome tone="err" word="no worker, runs wait" isBare />
    ) : (
      <Outcome tone="none" word="no worker" isBare />
    ),
    tapestries.map((name, index) => (
      <span key={name}>
        {index > 0 && ', '}
        <a class="link" href={href({ page: 'tapestry', tapestry: name })}>
          {name}
        </a>
      </span>
    )),
    workers.length === 0 ? (
      <span class="muted">none</span>
    ) : (
      <ul>
        {workers.map((worker) => (
          <li key={worker.identity}>
            <code class="break">{worker.identity}</code>
            <span class="muted">{toldBy(worker)}</span>
          </li>
        ))}
      </ul>
    ),
    <span title={countWords(running, 'run')}>{countWords(running)}</span>,
    lastPollAt === undefined ? 'none' : <Time at={lastPollAt} />,
  ];
}

/** What a worker has told of itself, after its name. */
function toldBy({ selvage, sdk, bodyHosts = [], running }: WorkerView): string {
  const parts = [
    typeof selvage === 'string' ? `selvage ${selvage}` : sdk,
    bodyHosts.length > 0 ? `body hosts ${bodyHosts.join(', ')}` : undefined,
    typeof running === 'number' ? `${running} running` : undefined,
  ].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? '' : ` · ${parts.join(' · ')}`;
}
