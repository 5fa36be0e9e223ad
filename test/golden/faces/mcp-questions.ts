type Inputs = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** What each tool that reads is asked. */
export function mcpQuestions(hashOf: (run: string, knotId: string) => string): Inputs {
  const report = hashOf('good', 'report');
  const doubled = hashOf('good', 'doubled');
  return {
    runs: [{}, { status: 'failed' }, { tag: 'blue', limit: 1 }, { status: 'splendid' }],
    run: [
      ...['good', 'broken', 'spoken', 'asking', 'sticking'].map((runId) => ({ runId })),
      { runId: 'nobody' },
    ],
    knot: [
      { runId: 'good', knotId: 'report' },
      { runId: 'broken', knotId: 'broken' },
      { runId: 'spoken', knotId: 'strict' },
      { runId: 'asking', knotId: 'approval' },
      { runId: 'good', knotId: 'nobody' },
    ],
    why: [{ hash: report }, { hash: 'sha256:ffffffff' }],
    impact: [{ hash: doubled }, { hash: 'sha256:ffffffff' }],
    diff: [
      { first: 'good', second: 'other' },
      { first: 'broken', second: 'resumed' },
      { first: 'good', second: 'nobody' },
    ],
    value: [{ hash: report }, { hash: report, path: ['text'] }, { hash: 'sha256:ffffffff' }],
    plan_preview: [{}, { tapestry: 'words' }, { tapestry: 'nobody' }],
    resume_preview: [{ runId: 'broken' }, { runId: 'nobody' }],
    docs_search: [{ query: 'waitForSignal', limit: 1 }, { query: 'x' }],
  };
}
