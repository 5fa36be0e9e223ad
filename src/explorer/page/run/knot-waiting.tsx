import type { WaitingKnot } from '../../../connection/explain/waiting';
import type { KnotView } from '../../../operations/knots/show';
import { shownText } from '../shown-text';
import { Muted } from '../ui/table';
import { Duration, Time } from '../ui/time';
import { durationWords, exactWords } from '../words';
import { KnotSection } from './knot-section';
import { WAIT_KINDS, waitKind } from './waits';

/** Why a knot has no outcome yet. */
export function KnotWaiting({ waiting }: { waiting: WaitingKnot }) {
  const { state, since, attempt, nextAttemptAt, worker, until } = waiting;
  const { code, message } = waiting.reason;
  const [tone, words] =
    state === 'running'
      ? ['running', 'Running']
      : state === 'blocked'
        ? ['none', 'Waits for its parents']
        : ['waiting', `Waits ${WAIT_KINDS[waitKind(code)]}`];
  return (
    <div class={`knot-waiting tone-${tone}`}>
      <p>
        <strong>{words}</strong>
        {since !== undefined && state !== 'blocked' && (
          <Muted>
            {' '}
            for <Duration from={since} />
          </Muted>
        )}
      </p>
      <p class="message">{shownText(message)}</p>
      <p class="muted fine">
        {[
          code,
          ...(attempt === undefined || attempt < 2 ? [] : [`attempt ${attempt}`]),
          ...(worker === undefined ? [] : [shownText(worker)]),
        ].join(' · ')}
        {nextAttemptAt !== undefined && (
          <>
            {' · next attempt '}
            <Time at={nextAttemptAt} />
          </>
        )}
        {until !== undefined && (
          <>
            {' · times out '}
            <Time at={until} />
          </>
        )}
      </p>
    </div>
  );
}

export function KnotHistory({ state }: { state: NonNullable<KnotView['state']> }) {
  const events = [
    ...(state.attempts ?? []).map((one) => ({
      at: one.startedAt,
      key: `a${one.attempt}`,
      words: `Attempt ${one.attempt} ended after ${durationWords(one.endedAt - one.startedAt)}`,
      detail: `${one.reason.code}: ${one.reason.message}`,
      worker: one.worker,
    })),
    ...(state.waits ?? []).map((one) => ({
      at: one.since,
      key: `w${one.since}${one.code}`,
      words: `Waited ${durationWords(one.until - one.since)} ${WAIT_KINDS[waitKind(one.code)]}`,
      detail: one.code,
      worker: undefined,
    })),
  ].sort((a, b) => a.at - b.at);
  return (
    <KnotSection title="Attempts and waits">
      <ol class="knot-history column">
        {events.map(({ key, at, words, detail, worker }) => (
          <li key={key} class="column">
            <span title={exactWords(at)}>{words}</span>
            <span class="muted message">
              {shownText(detail)}
              {worker !== undefined && ` (${shownText(worker)})`}
            </span>
          </li>
        ))}
      </ol>
    </KnotSection>
  );
}
