import type { EmitterReport } from '../../../deliveries/report';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { PageHead } from '../frame';
import type { PageProps } from '../pages';
import { alter, href } from '../router';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
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
export function EmittersPage({ place }: PageProps<'emitters'>) {
  const answer = useAnswer('emitters.list', {}, { everyMs: 3_000 });
  const emitters = answer.value?.items;
  return (
    <>
      <PageHead title="Emitters" />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!emitters ? (
          !answer.error && <Skeleton rows={4} height={42} />
        ) : emitters.length === 0 ? (
          <Empty icon="emitters" title="No emitters">
            Export emitters from your file or from <code>selvage.config.ts</code>, then run{' '}
            <code>selvage worker FILE</code> or <code>selvage emit FILE</code>.
          </Empty>
        ) : (
          <Table
            heads={[
              'Emitter',
              'State',
              ['number', 'Lag'],
              ['number', 'Delivered'],
              ['number', 'Dead letters'],
              'Last delivery',
              'Delivered by',
              mayAct() && 'Actions',
            ]}
          >
            {emitters.map((emitter) => (
              <Row key={emitter.name} emitter={emitter} isChosen={place.emitter === emitter.name} />
            ))}
          </Table>
        )}
        {place.emitter !== undefined && <DeadLetters key={place.emitter} emitter={place.emitter} />}
      </div>
    </>
  );
}

function Row({ emitter, isChosen }: { emitter: EmitterReport; isChosen: boolean }) {
  const { name, state, lag, delivered, deliveredAt, deadLetters, deliveredBy } = emitter;
  const { lastError, failures, failingSince, disabledReason } = emitter;
  const doing = useAct({ asToast: true });
  return (
    <tr class={isChosen ? 'chosen' : undefined}>
      <td class="break">{name}</td>
      <td>
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
      </td>
      <td class="number">
        {lag.changes === 0 ? (
          <span class="muted">0</span>
        ) : (
          <>
            {atLeast(lag.changes, lag.atLeast)}
            {lag.since !== null && (
              <>
                {' '}
                <span class="muted">
                  <Time at={lag.since} />
                </span>
              </>
            )}
          </>
        )}
      </td>
      <td class="number">{countWords(delivered)}</td>
      <td class="number">
        {deadLetters === 0 ? (
          <span class="muted">0</span>
        ) : (
          <button
            type="button"
            class="link"
            aria-expanded={isChosen}
            aria-label={`${countWords(deadLetters, 'dead letter')} of ${name}`}
            onClick={() => alter('emitters', { emitter: isChosen ? undefined : name })}
          >
            {countWords(deadLetters)}
          </button>
        )}
      </td>
      <td class="muted">{deliveredAt === null ? 'none yet' : <Time at={deliveredAt} />}</td>
      <td>
        {deliveredBy === null ? <span class="muted">none</span> : <code class="break">{deliveredBy}</code>}
      </td>
      {mayAct() && (
        <td>
          {(state === 'disabled' || state === 'failing') && (
            <Button
              icon="play"
              isBusy={doing.isBusy}
              onClick={() => void doing.act('emitters.resume', { emitter: name }, `${name} goes on`)}
            >
              Retry now
            </Button>
          )}
        </td>
      )}
    </tr>
  );
}

/** Events that an emitter gave up, with the reasons. */
function DeadLetters({ emitter }: { emitter: string }) {
  const answer = useAnswer('emitters.deadLetters', { emitter }, { everyMs: 3_000 });
  const doing = useAct({ asToast: true });
  const letters = answer.value?.items;
  return (
    <section class="below" aria-label={`Dead letters of ${emitter}`}>
      <h2>Dead letters of {emitter}</h2>
      {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
      {!letters ? (
        !answer.error && <Skeleton rows={3} height={42} />
      ) : letters.length === 0 ? (
        <p class="muted">None.</p>
      ) : (
        <>
          {mayAct() && (
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
          )}
          <Table
            heads={[['muted', 'Since'], 'Run', 'Event', ['break', 'Why']]}
            rows={letters.map(({ eventId, runId, reason, at, redriven }) => [
              eventId,
              <Time at={at} />,
              <a class="link break" href={href({ page: 'run', run: runId })}>
                {runId}
              </a>,
              <code class="break">{eventId}</code>,
              redriven ? `${reason} (comes again)` : reason,
            ])}
          />
          {answer.value?.cursor !== undefined && (
            <p class="muted">
              There are older ones: <code>selvage emitters dead-letters {emitter}</code>
            </p>
          )}
        </>
      )}
    </section>
  );
}
