import { alter, type PageProps } from '../router';
import { useAnswer, useFurther } from '../store';
import { Button, Link } from '../ui/button';
import { DeadLetters, ListPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Code, countCell, Fold, timeCell } from '../ui/table';
import { Time } from '../ui/time';
import { atLeast } from '../words';

/** Triggers, which start runs by events, and their events that started none. */
export function TriggersPage({ place: { trigger: chosen } }: PageProps<'triggers'>) {
  const answer = useAnswer(
    'triggers.list',
    {},
    { staleOn: ({ kind }) => kind === 'run-started', everyMs: 10_000 },
  );
  return (
    <ListPage
      title="Triggers"
      answer={answer}
      empty={
        <Empty icon="triggers" title="No triggers">
          Webhooks, Kafka and Valkey streams start runs: export triggers from your file, then run{' '}
          <code>selvage serve FILE</code>.
        </Empty>
      }
      keyOf={({ name }) => name}
      chosen={chosen}
      columns={[
        ['Trigger', ({ name }) => <Link to={{ page: 'runs', trigger: name }}>{name}</Link>],
        ['Kind', ({ kind }) => kind, 'muted'],
        [
          'Tapestry',
          ({ tapestry }) =>
            tapestry !== undefined && <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>,
        ],
        [
          'Runs started',
          ({ startedCount, atLeast: more }) => atLeast(startedCount, more.startedCount),
          'number',
        ],
        [
          'Pending',
          ({ name, pendingCount, atLeast: more }) => {
            const count = atLeast(pendingCount, more.pendingCount);
            return countCell(
              pendingCount,
              <Fold
                isOpen={name === chosen}
                label={`${count} pending ${pendingCount === 1 ? 'event' : 'events'} of ${name}`}
                onFlip={() => alter('triggers', { trigger: name === chosen ? undefined : name })}
              >
                {count}
              </Fold>,
            );
          },
          'number',
        ],
        ['Last event', ({ lastAt }) => timeCell(lastAt, 'none yet'), 'muted'],
      ]}
    >
      {answer.value?.truncated && (
        <p class="muted">Triggers that are not in the file are listed if they are among the newest starts.</p>
      )}
      {chosen !== undefined && <Pending key={chosen} trigger={chosen} />}
    </ListPage>
  );
}

function Pending({ trigger }: { trigger: string }) {
  const answer = useAnswer('triggers.deadLetters', { trigger }, { everyMs: 10_000 });
  const further = useFurther('triggers.deadLetters', { trigger }, answer.value, answer.value);
  return (
    <DeadLetters
      title={`Pending events of ${trigger}`}
      answer={{
        value: answer.value && further.pages.flatMap((page) => page.items),
        error: answer.error ?? further.error,
        reload: answer.reload,
      }}
      empty="None: every event has started its run."
      keyOf={({ key }) => key}
      columns={[
        ['When', ({ at }) => <Time at={at} />, 'muted'],
        ['Key', ({ key }) => <Code>{key}</Code>],
        ['Why', ({ reason }) => reason, 'break'],
        [
          'From',
          ({ link }) =>
            Object.entries(link)
              .map(([name, value]) => `${name} ${value}`)
              .join(', '),
          'muted break',
        ],
      ]}
    >
      {further.cursor !== undefined && (
        <p class="list-foot row">
          <Button onClick={further.more}>Show older</Button>
        </p>
      )}
    </DeadLetters>
  );
}
