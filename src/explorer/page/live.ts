import { signal } from '@preact/signals';
import type { LiveMessage } from '../contract';
import { source } from './app';

/** The state of the feed. `off`: no data changes. `lost`: the page reconnects, and what is shown may be out of date. */
export const liveState = signal<'off' | 'live' | 'lost'>('off');

type OnEvents = (events: readonly LiveMessage[]) => void;
const listeners = new Set<OnEvents>();
const renewals = new Set<() => void>();

/** Passes each batch of events to a listener until the returned function is called. */
export function onLive(listener: OnEvents): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls back when events may have been missed. */
export function onRenewal(listener: () => void): () => void {
  renewals.add(listener);
  return () => renewals.delete(listener);
}

/** @param position where the feed goes on; if omitted, everything is asked for again once it is connected */
export function startLive(position: string | undefined): () => void {
  return source().live(
    position,
    (events) => {
      for (const listener of listeners) listener(events);
    },
    (state) => {
      // Ask everything again: questions failed while the server was away, even if no event was missed.
      const isBack = state === 'live' && liveState.peek() === 'lost';
      if (state !== 'behind') liveState.value = state;
      if (isBack || state === 'behind') for (const renew of renewals) renew();
    },
  );
}

/** Interval at which everything shown is asked for again without a feed of changes. */
const POLL_MS = 5_000;

export function startPolling(): void {
  setInterval(() => {
    if (!document.hidden) for (const renew of renewals) renew();
  }, POLL_MS);
}
