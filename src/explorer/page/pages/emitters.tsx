import type { EmitterReport } from '../../../deliveries/report';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { alter, type PageProps } from '../router';
import { useAnswer } from '../store';
import { Button, Link } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { DeadLetters, ListPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Code, countCell, Fold, Muted, timeCell } from '../ui/table';
import { Time } from '../ui/time';
import { atLeast, countWords } from '../words';

const TONES = {
  idle: 'ok',
  delivering: 'running',
  failing: 'err',
  disabled: 'err',
  unassigned: 'waiting',
} as const satisfies Record<EmitterReport['state'], string>;

/** Emitters, which hear of runs: how far they are, what failed, what they gave up. */
export function EmittersPage({ place: { emitter: chosen } }: PageProps<'emitters'>) {
  const answer = useAnswer('emitters.list', {}, { everyMs: 3_000 });
  return (
    <ListPage
      title="Emitters"
      answer={answer}
      empty={
        <Empty icon="emitters" title="No emitters">
          Export emitters from your file or from <code>selvage.config.ts</code>, then run{' '}
          <code>selvage worker FILE</code> or <code>selvage emit FILE</code>.
        </Empty>
      }
      keyOf={({ name }) => name}
      chosen={chosen}
      columns={[
        ['Emitter', ({ name }) => name, 'break'],
        ['State', (emitter) => <State {...emitter} />],
        ['Lag', (emitter) => <Lag {...emitter} />, 'number'],
        ['Delivered', ({ delivered }) => countWords(delivered), 'number'],
        [
          'Dead letters',
          ({ name, deadLetters }) =>
            countCell(
              deadLetters,
              <Fold
                isOpen={name === chosen}
                label={`${countWords(deadLetters, 'dead letter')} of ${name}`}
                onFlip={() => alter('emitters', { emitter: name === chosen ? undefined : name })}
              >
                {countWords(deadLetters)}
              </Fold>,
            ),
          'number',
        ],
        ['Last delivery', ({ deliveredAt }) => timeCell(deliveredAt, 'none yet'), 'muted'],
        ['Delivered by', ({ deliveredBy }) => <Code>{deliveredBy}</Code>],
      ]}
      acts={({ name, state }) => (state === 'disabled' || state === 'failing') && <Retry emitter={name} />}
    >
      {chosen !== undefined && <Letters key={chosen} emitter={chosen} />}
    </ListPage>
  );
}

function Retry({ emitter }: { emitter: string }) {
  const doing = useAct({ asToast: true });
  return (
    <Button
      icon="play"
      isBusy={doing.isBusy}
      onClick={() => void doing.act('emitters.resume', { emitter }, `${emitter} goes on`)}
    >
      Retry now
    </Button>
  );
}

function State({ state, lastError, failures, failingSince, disabledReason }: EmitterReport) {
  return (
    <>
      <Outcome tone={TONES[state]} word={state} isBare />
      {lastError !== null && (
        <p class="muted break">
          {countWords(failures, 'failure')}
          {failingSince !== null && (
            <>
              {' '}
              since <Time at={failingSince} />
            </>
          )}
          : {lastError}
        </p>
      )}
      {disabledReason !== null && <p class="muted break">{disabledReason}</p>}
    </>
  );
}

function Lag({ lag: { changes, atLeast: isMore, since } }: EmitterReport) {
  return countCell(
    changes,
    <>
      {atLeast(changes, isMore)} <Muted>{since !== null && <Time at={since} />}</Muted>
    </>,
  );
}

function Letters({ emitter }: { emitter: string }) {
  const answer = useAnswer('emitters.deadLetters', { emitter }, { everyMs: 3_000 });
  const doing = useAct({ asToast: true });
  return (
    <DeadLetters
      title={`Dead letters of ${emitter}`}
      answer={{ ...answer, value: answer.value?.items }}
      acts={
        mayAct() && (
          <p>
            <Button
              icon="again"
              isBusy={doing.isBusy}
              onClick={() =>
                void doing.act('emitters.redrive', { emitter }, `${emitter} gets them once more`)
              }
            >
              Redrive all
            </Button>
          </p>
        )
      }
      keyOf={({ eventId }) => eventId}
      columns={[
        ['Since', ({ at }) => <Time at={at} />, 'muted'],
        ['Run', ({ runId }) => <Link to={{ page: 'run', run: runId }}>{runId}</Link>],
        ['Event', ({ eventId }) => <Code>{eventId}</Code>],
        ['Why', ({ reason, redriven }) => (redriven ? `${reason} (comes again)` : reason), 'break'],
      ]}
    >
      {answer.value?.cursor !== undefined && (
        <p class="muted">
          There are older ones: <code>selvage emitters dead-letters {emitter}</code>
        </p>
      )}
    </DeadLetters>
  );
}
