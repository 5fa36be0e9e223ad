import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { AskOf } from '../../../operations';
import { source } from '../app';
import { onLive, onRenewal } from '../live';
import { NO_RUNS, withEvents, withFresh, withHead, withPage, type RunList } from '../run-list';
import { asSourceError, isAbort, type SourceError } from '../source/source-error';

/** The first page is small, so that it comes quickly; further pages are larger. */
const FIRST = 60;
const MORE = 400;
/** Shortest time between two requests of the first page, in milliseconds. */
const PAUSE_MS = 400;

interface Runs {
  readonly list: RunList;
  readonly error?: SourceError;
  readonly isLoading: boolean;
  more(): void;
  showFresh(): void;
  reload(): void;
}

export function useRunList(ask: AskOf<'runs.list'>): Runs {
  const key = JSON.stringify(ask);
  const [state, setState] = useState<{ key: string; list: RunList; error?: SourceError; isLoading: boolean }>(
    {
      key,
      list: NO_RUNS,
      isLoading: true,
    },
  );
  const latest = useRef(state);
  const asker = useMemo(() => {
    const abort = new AbortController();
    let isAsking = false;
    let isStale = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const update = (change: Partial<typeof state>): void => {
      if (abort.signal.aborted) return;
      latest.current = { ...latest.current, key, ...change };
      setState(latest.current);
    };
    const askFor = async (
      limit: number,
      cursor: string | undefined,
      take: typeof withPage,
    ): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      update({ isLoading: true });
      try {
        const answer = await source().ask(
          'runs.list',
          { ...ask, limit, ...(cursor !== undefined && { cursor }) },
          abort.signal,
        );
        update({ list: take(latest.current.list, answer), error: undefined, isLoading: false });
      } catch (error) {
        if (!isAbort(error)) update({ error: asSourceError(error), isLoading: false });
      } finally {
        isAsking = false;
        if (isStale) later();
      }
    };
    const head = (): void => {
      timer = undefined;
      if (isAsking) return;
      isStale = false;
      void askFor(FIRST, undefined, withHead);
    };
    const later = (): void => {
      isStale = true;
      timer ??= setTimeout(head, PAUSE_MS);
    };
    return {
      start: () => {
        latest.current = { key, list: NO_RUNS, isLoading: true };
        setState(latest.current);
        void askFor(FIRST, undefined, withHead);
      },
      more: () => {
        const { cursor } = latest.current.list;
        if (cursor !== undefined) void askFor(MORE, cursor, withPage);
      },
      showFresh: () => update({ list: withFresh(latest.current.list) }),
      later,
      onEvents: (events: Parameters<typeof withEvents>[1]) => {
        const list = withEvents(latest.current.list, events);
        if (list !== latest.current.list) update({ list });
        // Each event of a knot changes the counts of its run.
        if (events.some(({ tapestry }) => ask.tapestry === undefined || tapestry === ask.tapestry)) later();
      },
      end: () => {
        clearTimeout(timer);
        abort.abort();
      },
    };
  }, [key]);
  useEffect(() => {
    asker.start();
    const ends = [onLive(asker.onEvents), onRenewal(asker.later)];
    return () => {
      for (const end of ends) end();
      asker.end();
    };
  }, [asker]);
  const shown = state.key === key ? state : { list: NO_RUNS, isLoading: true };
  return { ...shown, more: asker.more, showFresh: asker.showFresh, reload: asker.later };
}
