import { Fragment } from 'preact';
import type { QueueView, WorkerView } from '../../../operations/workers/list';
import type { PageProps } from '../router';
import { useAnswer } from '../store';
import { Link } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { ListPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Code, Muted, timeCell } from '../ui/table';
import { useNow } from '../ui/time';
import { countWords } from '../words';

/** Time without a poll after which a worker is gone, as a worker polls at least once a minute. */
const GONE_MS = 75_000;

/** The processes that run bodies, by the task queue that they poll. */
export function WorkersPage({ place }: PageProps<'workers'>) {
  const answer = useAnswer(
    'workers.list',
    {},
    { staleOn: ({ kind }) => kind !== 'knot-finished', everyMs: 5_000 },
  );
  const now = useNow(5_000);
  return (
    <ListPage
      title="Workers"
      answer={answer}
      empty={
        <Empty icon="workers" title="No task queues">
          Run <code>selvage worker FILE</code> or <code>selvage dev FILE</code>: its queue is listed here.
        </Empty>
      }
      keyOf={({ taskQueue }) => taskQueue}
      chosen={place.queue}
      columns={[
        ['Task queue', ({ taskQueue }) => <Code>{taskQueue}</Code>],
        ['State', (queue) => stateOf(queue, now)],
        [
          'Tapestries',
          ({ tapestries }) =>
            tapestries.map((tapestry, index) => (
              <Fragment key={tapestry}>
                {index > 0 && ', '}
                <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>
              </Fragment>
            )),
        ],
        ['Workers', ({ workers }) => <Workers workers={workers} />],
        [
          'Open runs',
          ({ running }) => <span title={countWords(running, 'run')}>{countWords(running)}</span>,
          'number',
        ],
        ['Last poll', ({ lastPollAt }) => timeCell(lastPollAt, 'none'), 'muted'],
      ]}
    >
      {answer.value?.truncated && (
        <p class="muted">
          There is more: 50 queues at most are shown, and the newest 1,000 open runs counted.
        </p>
      )}
    </ListPage>
  );
}

function stateOf({ workers, lastPollAt, running }: QueueView, now: number) {
  if (workers.length > 0 && (lastPollAt === undefined || now - lastPollAt < GONE_MS))
    return <Outcome tone="ok" word="polled" isBare />;
  if (running > 0) return <Outcome tone="err" word="no worker, runs wait" isBare />;
  return <Outcome tone="none" word="no worker" isBare />;
}

function Workers({ workers }: Pick<QueueView, 'workers'>) {
  if (workers.length === 0) return <Muted>none</Muted>;
  return (
    <ul>
      {workers.map((worker) => (
        <li key={worker.identity}>
          <Code>{worker.identity}</Code>
          <Muted>{toldBy(worker)}</Muted>
        </li>
      ))}
    </ul>
  );
}

function toldBy({ selvage, sdk, bodyHosts = [], running }: WorkerView): string {
  return [
    typeof selvage === 'string' ? `selvage ${selvage}` : sdk,
    bodyHosts.length > 0 && `body hosts ${bodyHosts.join(', ')}`,
    typeof running === 'number' && `${running} running`,
  ]
    .filter((part) => part !== undefined && part !== false && part !== '')
    .map((part) => ` · ${part}`)
    .join('');
}
