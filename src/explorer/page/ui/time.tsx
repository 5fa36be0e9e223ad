import { useEffect, useState } from 'preact/hooks';
import { durationWords, exactWords, relativeLastsMs, relativeWords } from '../words';

/** The current time, updated at an interval (undefined: never) while the tab is visible. */
export function useNow(everyMs: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const tick = (): void => {
      if (!document.hidden) setNow(Date.now());
    };
    const timer = setInterval(tick, everyMs);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [everyMs]);
  return now;
}

/** A relative time, with the exact time in the tooltip. */
export function Time({ at }: { at: number }) {
  const [everyMs, setEveryMs] = useState(() => relativeLastsMs(at, Date.now()));
  const now = useNow(everyMs);
  const lasts = relativeLastsMs(at, now);
  if (lasts !== everyMs) setEveryMs(lasts);
  return (
    <time dateTime={new Date(at).toISOString()} title={exactWords(at)}>
      {relativeWords(at, now)}
    </time>
  );
}

export function Duration({ from, to }: { from: number; to?: number }) {
  const now = useNow(to === undefined ? 1000 : undefined);
  return <span class="number">{durationWords((to ?? now) - from)}</span>;
}
