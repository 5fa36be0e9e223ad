import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Questions } from '../contract';
import { source } from './app';
import { asSourceError, type SourceError } from './source/source-error';

type PagedName = 'approvals.list' | 'runs.grid' | 'triggers.deadLetters' | 'values.uses';

interface Further<Page> {
  /** The first page and those after it. */
  readonly pages: readonly Page[];
  /** Undefined if all pages are loaded. */
  readonly cursor?: string;
  /** Why the last request for a further page failed. */
  readonly error?: SourceError;
  readonly more: () => void;
}

/**
 * Loads the pages after the first.
 *
 * @param head the first page; undefined until it is there
 * @param resetOn drops the further pages whenever it changes
 */
export function useFurther<Name extends PagedName>(
  name: Name,
  ask: Questions[Name]['ask'],
  head: Questions[Name]['answer'] | undefined,
  resetOn: unknown,
): Further<Questions[Name]['answer']> {
  const [further, setFurther] = useState<readonly Questions[Name]['answer'][]>([]);
  const [error, setError] = useState<SourceError>();
  const isAsking = useRef(false);
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
          setFurther((before) => [...before, page]);
        },
        (refused: unknown) => setError(asSourceError(refused)),
      )
      .finally(() => (isAsking.current = false));
  };
  return { pages, cursor, error, more };
}
