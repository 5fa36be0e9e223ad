import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LiveMessage, QuestionName, Questions } from '../contract';
import { source } from './app';
import { onLive, onRenewal } from './live';
import { asSourceError, isAbort, type SourceError } from './source/source-error';

interface Answer<T> {
  /** The newest answer, which is kept while the question is asked again. */
  readonly value?: T;
  readonly error?: SourceError;
  readonly isLoading: boolean;
  reload(): void;
}

interface AnswerOptions {
  /** Whether an event makes the answer out of date. */
  readonly staleOn?: (event: LiveMessage) => boolean;
  /** Milliseconds between questions, for changes that no event reports. */
  readonly everyMs?: number;
  /** Whether these questions wait, as the answer is being read. */
  readonly isHeld?: () => boolean;
}

/** Shortest time between two requests of the same answer, in milliseconds. */
const PAUSE_MS = 300;
const KEPT_ANSWERS = 40;
const kept = new Map<string, unknown>();

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > KEPT_ANSWERS) kept.delete(kept.keys().next().value!);
}

export function forgetAnswers(): void {
  kept.clear();
  for (const reload of [...shown]) reload();
}
const shown = new Set<() => void>();

/** Asks a question, and again when the answer is out of date. @param ask if undefined, nothing is asked yet */
export function useAnswer<Name extends QuestionName>(
  name: Name,
  ask: Questions[Name]['ask'] | undefined,
  options: AnswerOptions = {},
): Answer<Questions[Name]['answer']> {
  type Value = Questions[Name]['answer'];
  const key = ask === undefined ? undefined : JSON.stringify([name, ask]);
  const [state, setState] = useState<{
    key?: string;
    value?: Value;
    error?: SourceError;
    isLoading: boolean;
  }>({
    isLoading: false,
  });
  const latest = useRef(options);
  latest.current = options;

  const asker = useMemo(() => {
    if (key === undefined || ask === undefined) return undefined;
    let isStale = false;
    let isEnded = false;
    let abort: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      timer = undefined;
      isStale = false;
      const mine = (abort = new AbortController());
      setState((was) =>
        was.key === key
          ? { ...was, isLoading: true }
          : { key, value: kept.get(key) as Value, isLoading: true },
      );
      let next: { value?: Value; error?: SourceError };
      try {
        const value = await source().ask(name, ask, mine.signal);
        keep(key, value);
        next = { value };
      } catch (error) {
        if (isAbort(error)) return;
        next = { error: asSourceError(error) };
      }
      if (isEnded || abort !== mine) return;
      abort = undefined;
      setState((was) => ({ key, value: was.key === key ? was.value : undefined, ...next, isLoading: false }));
      if (isStale) timer = setTimeout(() => void run(), PAUSE_MS);
    };
    return {
      start: () => void run(),
      stale: () => {
        isStale = true;
        if (abort === undefined && timer === undefined) timer = setTimeout(() => void run(), 0);
      },
      end: () => {
        isEnded = true;
        clearTimeout(timer);
        abort?.abort();
      },
    };
  }, [key]);

  useEffect(() => {
    if (!asker) return undefined;
    asker.start();
    const ends = [
      onLive((events) => {
        const { staleOn } = latest.current;
        if (staleOn && events.some(staleOn)) asker.stale();
      }),
      onRenewal(asker.stale),
    ];
    shown.add(asker.stale);
    const { everyMs } = latest.current;
    const ask = (): void => {
      if (!document.hidden && !latest.current.isHeld?.()) asker.stale();
    };
    const timer = everyMs && setInterval(ask, everyMs);
    return () => {
      shown.delete(asker.stale);
      for (const end of ends) end();
      if (timer) clearInterval(timer);
      asker.end();
    };
  }, [asker]);

  const isMine = state.key === key;
  return {
    ...(isMine ? state : { value: key === undefined ? undefined : (kept.get(key) as Value) }),
    isLoading: key !== undefined && (!isMine || state.isLoading),
    reload: () => asker?.stale(),
  };
}

type PagedName =
  'approvals.list' | 'knots.elements' | 'runs.grid' | 'runs.logs' | 'triggers.deadLetters' | 'values.uses';

interface Further<Page> {
  readonly pages: readonly Page[];
  readonly cursor?: string;
  readonly error?: SourceError;
  readonly more: () => void;
}

/** The pages after the first, `head`. @param resetOn drops the pages whenever it changes */
export function useFurther<Name extends PagedName>(
  name: Name,
  ask: Questions[Name]['ask'],
  head: Questions[Name]['answer'] | undefined,
  resetOn: unknown,
): Further<Questions[Name]['answer']> {
  const [further, setFurther] = useState<readonly Questions[Name]['answer'][]>([]);
  const [error, setError] = useState<SourceError>();
  const isAsking = useRef(false);
  const latest = useRef(resetOn);
  latest.current = resetOn;
  useEffect(() => setFurther([]), [resetOn]);
  const pages = useMemo(() => (head ? [head, ...further] : []), [head, further]);
  const cursor = pages.at(-1)?.cursor;
  const more = (): void => {
    if (cursor === undefined || isAsking.current) return;
    isAsking.current = true;
    void source()
      .ask(name, { ...ask, cursor })
      .then(
        (page) => {
          setError(undefined);
          if (latest.current === resetOn) setFurther((before) => [...before, page]);
        },
        (refused: unknown) => setError(asSourceError(refused)),
      )
      .finally(() => (isAsking.current = false));
  };
  return { pages, cursor, error, more };
}
