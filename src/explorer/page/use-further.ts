import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Questions } from '../contract';
import { source } from './app';
import { asSourceError, type SourceError } from './source/source-error';

type PagedName = 'approvals.list' | 'runs.grid' | 'triggers.deadLetters' | 'values.uses';

interface Further<Page> {
  readonly pages: readonly Page[];
  readonly cursor?: string;
  readonly error?: SourceError;
  readonly more: () => void;
}

/** The pages after the first, `head`. @param resetOn drops them whenever it changes */
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
