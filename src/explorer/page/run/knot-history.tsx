import type { JSX } from 'preact';
import type { KnotView } from '../../../operations/knots/show';
import { shownText } from '../shown-text';
import { durationWords, exactWords } from '../words';
import { WAIT_KINDS, waitKind } from './waits';
import { KnotSection } from './knot-section';

/** The earlier attempts and waits of a knot, in the order of time. */
export function KnotHistory({ state }: { state: NonNullable<KnotView['state']> }): JSX.Element {
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
      <ol class="knot-history">
        {events.map(({ key, at, words, detail, worker }) => (
          <li key={key}>
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
