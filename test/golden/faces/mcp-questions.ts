import { toolsFor } from '../../../src/mcp/tools';
import { httpQuestions } from './http-questions';

type Inputs = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** What each tool that reads is asked: what the page is asked, and what only tools are. */
export function mcpQuestions(hashOf: (run: string, knotId: string) => string): Inputs {
  const asked: Inputs = httpQuestions(hashOf);
  const own: Inputs = {
    docs_search: [{ query: 'x' }],
    runs_list: [{ status: 'splendid' }],
    runs_show: [{ runId: 'good', skip: { 'graph.knots': 2 } }],
  };
  return Object.fromEntries(
    [...toolsFor(false)].map(([tool, { name }]) => [tool, [...asked[name]!, ...(own[tool] ?? [])]]),
  );
}
