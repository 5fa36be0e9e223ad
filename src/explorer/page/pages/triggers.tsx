import type { TriggerView } from '../../../operations/triggers/list';
import { PageHead } from '../frame';
import type { PageProps } from '../pages';
import { alter, href } from '../router';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table, type TableRow } from '../ui/table';
import { Time } from '../ui/time';
import { useFurther } from '../use-further';
import { atLeast } from '../words';

/** Triggers, which start runs by events, and their events that started none. */
export function TriggersPage({ place }: PageProps<'triggers'>) {
  const answer = useAnswer(
    'triggers.list',
    {},
    { staleOn: ({ kind }) => kind === 'run-started', everyMs: 10_000 },
  );
  const triggers = answer.value?.items;
  return (
    <>
      <PageHead title="Triggers" />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!triggers ? (
          !answer.error && <Skeleton rows={4} height={42} />
        ) : triggers.length === 0 ? (
          <Empty icon="triggers" title="No triggers">
            Webhooks, Kafka and Valkey streams start runs: export triggers from your file, then run{' '}
            <code>selvage serve FILE</code>.
          </Empty>
        ) : (
          <Table
            heads={[
              'Trigger',
              ['muted', 'Kind'],
              'Tapestry',
              'State',
              ['number', 'Runs started'],
              ['number', 'Pending'],
              ['muted', 'Last event'],
            ]}
            rows={triggers.map((trigger) => rowOf(trigger, place.trigger === trigger.name))}
            chosen={place.trigger}
          />
        )}
        {answer.value?.truncated && (
          <p class="muted">
            Triggers that are not in the file are listed if they are among the newest starts.
          </p>
        )}
        {place.trigger !== undefined && <DeadLetters key={place.trigger} trigger={place.trigger} />}
      </div>
    </>
  );
}

function rowOf(
  { name, kind, tapestry, state, startedCount, pendingCount, atLeast: more, lastAt }: TriggerView,
  isChosen: boolean,
): TableRow {
  return [
    name,
    <a class="link break" href={href({ page: 'runs', trigger: name })}>
      {name}
    </a>,
    kind,
    tapestry !== undefined && (
      <a class="link" href={href({ page: 'tapestry', tapestry })}>
        {tapestry}
      </a>
    ),
    state !== undefined && (
      <Outcome
        tone={/paus|wait|back/i.test(state) ? 'waiting' : /fail|dead|err/i.test(state) ? 'err' : 'running'}
        word={state}
        isBare
      />
    ),
    atLeast(startedCount, more.startedCount),
    pendingCount === 0 ? (
      <span class="muted">0</span>
    ) : (
      <button
        type="button"
        class="link"
        aria-expanded={isChosen}
        aria-label={`${atLeast(pendingCount, more.pendingCount)} pending ${pendingCount === 1 ? 'event' : 'events'} of ${name}`}
        onClick={() => alter('triggers', { trigger: isChosen ? undefined : name })}
      >
        {atLeast(pendingCount, more.pendingCount)}
      </button>
    ),
    lastAt === undefined ? 'none yet' : <Time at={lastAt} />,
  ];
}

/** Events of a trigger that have started no run, with the reasons. */
function DeadLetters({ trigger }: { trigger: string }) {
  const answer = useAnswer('triggers.deadLetters', { trigger }, { everyMs: 10_000 });
  const { pages, cursor, more, error } = useFurther(
    'triggers.deadLetters',
    { trigger },
    answer.value,
    answer.value,
  );
  const letters = pages.flatMap((page) => page.items);
  const problem = answer.error ?? error;
  return (
    <section class="below" aria-label={`Pending events of ${trigger}`}>
      <h2>Pending events of {trigger}</h2>
      {problem && <ErrorBox error={problem} onRetry={answer.reload} />}
      {!answer.value ? (
        !problem && <Skeleton rows={3} height={42} />
      ) : letters.length === 0 ? (
        <p class="muted">None: every event has started its run.</p>
      ) : (
        <Table
          heads={[['muted', 'When'], 'Key', ['break', 'Why'], ['muted break', 'From']]}
          rows={letters.map(({ key, at, reason, link }) => [
            key,
            <Time at={at} />,
            <code class="break">{key}</code>,
            reason,
            Object.entries(link)
              .map(([name, value]) => `${name} ${value}`)
              .join(', '),
          ])}
        />
      )}
      {cursor !== undefined && (
        <p class="list-foot">
          <Button onClick={more}>Show older</Button>
        </p>
      )}
    </section>
  );
}
