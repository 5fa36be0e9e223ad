import { SelvageError } from '../errors';

/** Callers within this time get the same answer. */
const FRESH_MS = 1_000;

/** So that checks and scrapes cost the server and the backends at most a question a second, however many ask. */
export function fresh<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (!asked || performance.now() - asked.at > FRESH_MS) asked = { at: performance.now(), answer: ask() };
    return asked.answer;
  };
}

/** @throws SelvageError `BackendUnavailable` where there is no answer after `limit` milliseconds */
export async function inTime<T>(limit: number, ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new SelvageError('BackendUnavailable', `It has not answered within ${limit / 1_000} s.`);
    timer = setTimeout(() => reject(error), limit);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}
