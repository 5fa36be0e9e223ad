import { z } from 'zod';
import { namedIn, resumesOf, type Resume } from '../../connection/resumes';
import type { RunRecord } from '../../ports';
import { name } from '../fields';
import { question } from '../operation';
import { runGraph } from '../run-graph';
import type { ProjectData } from '../surroundings';
import { lastGoodRun } from './last-good';
import { graphOf, requireRun } from './require-run';
import { runSummary, summaryOf } from './summary';

const runView = z.object({
  run: runSummary,
  graph: runGraph,
  /** The runs before and after this one among the tapestry's runs. */
  previousRunId: z.string().optional(),
  nextRunId: z.string().optional(),
  /** For a run that did not succeed, the last run before it that did. */
  lastGoodRunId: z.string().optional(),
  /** Position of the feed; the answer is at least as new. */
  position: z.string().optional(),
});
export type RunView = z.output<typeof runView>;

export const show = question({
  name: 'runs.show',
  summary: 'show a run with its graph',
  description:
    'Its status, error and counts, and its knots in the order of the plan, each with its inputs, outcome and the hash of its value.',
  group: 'see',
  isTool: true,
  at: ['runId'],
  ask: z.strictObject({ runId: name.describe('id of the run') }),
  answer: runView,
  examples: [{ runId: 'nightly-1' }],
  /** @throws SelvageError `UnknownRun`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, { runId }) {
    // The position is taken first: changes during the reading are reported again, which does no harm.
    const position = await of.live?.position();
    const record = await requireRun(of, runId);
    const isBad = record.status !== 'running' && record.status !== 'succeeded';
    const [graph, previousRunId, nextRunId, lastGoodRunId] = await Promise.all([
      graphOf(of, record),
      before(of, record),
      after(of, record),
      isBad ? lastGoodRun(of.backends, record) : undefined,
    ]);
    const resumedAs = await resumedAsOf(of, record);
    return {
      run: { ...summaryOf(record), resumedAs: resumedAs.length > 0 ? resumedAs : undefined },
      graph,
      previousRunId,
      nextRunId,
      lastGoodRunId,
      position,
    };
  },
});

/** The runs that resumed a run, from the server, else from the records. */
async function resumedAsOf({ backends, reach }: ProjectData, record: RunRecord): Promise<readonly Resume[]> {
  const ids = namedIn(record);
  if (ids.length === 0) return [];
  const known = await reach.ask(({ client }) => resumesOf(backends, client.workflow, record));
  if (known) return known;
  const runs = await Promise.all(ids.map((id) => backends.runHistory.getRun(id)));
  return runs.flatMap((run) => (run ? [{ runId: run.run_id, status: run.status }] : []));
}

async function before({ backends }: ProjectData, record: RunRecord): Promise<string | undefined> {
  const { tapestry, started_at: until } = record;
  return (await backends.runHistory.listRuns({ tapestry, until, limit: 1 })).items[0]?.run_id;
}

const FIRST_WINDOW_MS = 60_000;
const WINDOW_GROWS = 8;

const MOST_PAGES = 20;

/** The history lists newest first, so time windows grow until a window has a run. */
async function after({ backends }: ProjectData, record: RunRecord): Promise<string | undefined> {
  const { tapestry, started_at } = record;
  const since = started_at + 1;
  const now = Date.now();
  for (let window = FIRST_WINDOW_MS; ; window *= WINDOW_GROWS) {
    const query = { tapestry, since, until: since + window, limit: 1_000 };
    let page = await backends.runHistory.listRuns(query);
    for (let pages = 1; page.cursor !== undefined && pages < MOST_PAGES; pages++)
      page = await backends.runHistory.listRuns({ ...query, cursor: page.cursor });
    const oldest = page.items.at(-1);
    if (oldest) return oldest.run_id;
    if (since + window > now) return undefined;
  }
}
