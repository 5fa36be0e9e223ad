import { answerJson } from '../values/answer-json';
import { pathOf } from './operation';

/** How a question is asked over HTTP. */
interface QuestionRequest {
  /** Below `/api/v1/`, with the query. */
  readonly path: string;
  /** The body of a POST, JSON. Absent: it is a GET. */
  readonly body?: string;
}

/** A question is asked in the URL, unless a field of it is nested. */
export function requestOf(name: string, ask: object): QuestionRequest {
  const fields = Object.entries(ask).filter(([, value]) => value !== undefined);
  const path = pathOf(name);
  if (fields.some(([, value]) => typeof value === 'object'))
    return { path: `${path}/query`, body: JSON.stringify(answerJson(ask)) };
  if (fields.length === 0) return { path };
  const shown = answerJson(Object.fromEntries(fields)) as Record<string, string>;
  return { path: `${path}?${new URLSearchParams(shown).toString()}` };
}
