import { SelvageError } from '../errors';
import { inTime } from '../ports/parts/pause';

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
export async function answerWithin<T>(limit: number, ask: () => Promise<T>): Promise<T> {
  const late = (): SelvageError =>
    new SelvageError('BackendUnavailable', `It has not answered within ${limit / 1_000} s.`);
  return await inTime(ask(), limit, late);
}
