import { answerJson } from '../values/answer-json';
import { pathOf } from './operation';

interface QuestionRequest {
  readonly path: string;
  /** The body of a POST, as JSON. Absent: a GET. */
  readonly body?: string;
}

/** The request for a question: a GET, unless a field is nested. */
export function requestOf(name: string, ask: object): QuestionRequest {
  const fields = Object.entries(ask).filter(([, value]) => value !== undefined);
  const path = pathOf(name);
  if (fields.some(([, value]) => typeof value === 'object'))
    return { path: `${path}/query`, body: JSON.stringify(answerJson(ask)) };
  if (fields.length === 0) return { path };
  const shown = answerJson(Object.fromEntries(fields)) as Record<string, string>;
  return { path: `${path}?${new URLSearchParams(shown).toString()}` };
}
