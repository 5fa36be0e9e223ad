import { SelvageError } from '../errors';
import { inTime } from '../ports/parts/pause';

const FRESH_MS = 1_000;

/** Limits checks and scrapes to one question a second to the server and the backends. */
export function fresh<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (!asked || performance.now() - asked.at > FRESH_MS) asked = { at: performance.now(), answer: ask() };
    return asked.answer;
  };
}

/** @throws SelvageError `BackendUnavailable` after `limit` milliseconds without an answer */
export async function answerWithin<T>(limit: number, ask: () => Promise<T>): Promise<T> {
  const late = (): SelvageError =>
    new SelvageError('BackendUnavailable', `It has not answered within ${limit / 1_000} s.`);
  return await inTime(ask(), limit, late);
}
