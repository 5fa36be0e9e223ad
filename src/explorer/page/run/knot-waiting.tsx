import type { JSX } from 'preact';
import type { WaitingKnot } from '../../../connection/explain/waiting';
import { shownText } from '../shown-text';
import { Duration, Time } from '../ui/time';
import { WAIT_KINDS, waitKind } from './waits';

/** Why a knot has no outcome yet. */
export function KnotWaiting({ waiting }: { waiting: WaitingKnot }): JSX.Element {
  const { state, since, attempt, nextAttemptAt, worker, signal, until } = waiting;
  const { code, message } = waiting.reason;
  return (
    <div
      class={`knot-waiting tone-${state === 'running' ? 'running' : state === 'blocked' ? 'none' : 'waiting'}`}
    >
      <p>
        <strong>
          {state === 'running'
            ? 'Running'
            : state === 'blocked'
              ? 'Waits for its parents'
              : `Waits ${WAIT_KINDS[waitKind(code)]}`}
        </strong>
        {since !== undefined && state !== 'blocked' && (
          <span class="muted">
            {' '}
            for <Duration from={since} />
          </span>
        )}
      </p>
      <p class="message">{shownText(message)}</p>
      <p class="muted">
        {[
          code,
          ...(attempt === undefined || attempt < 2 ? [] : [`attempt ${attempt}`]),
          ...(worker === undefined ? [] : [shownText(worker)]),
          ...(signal === undefined ? [] : [`signal ${shownText(signal)}`]),
        ].join(' · ')}
        {nextAttemptAt !== undefined && (
          <>
            {' · next attempt '}
            <Time at={nextAttemptAt} />
          </>
        )}
        {until !== undefined && (
          <>
            {' · until '}
            <Time at={until} />
          </>
        )}
      </p>
    </div>
  );
}
