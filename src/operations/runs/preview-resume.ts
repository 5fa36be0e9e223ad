import { z } from 'zod';
import { readResumable } from '../../connection/read-resumable';
import { withSubject } from '../../encryption/run-scope';
import { subjectOf } from '../../encryption/seal-backends';
import { layoutOf } from '../../plan';
import type { DataStore } from '../../ports';
import { resumeCandidates, withValues } from '../../runtime';
import { list } from '../fields';
import { question } from '../operation';
import { resumeAsk } from './resume';

const HASHES = 1_000;

export const previewResume = question({
  name: 'runs.previewResume',
  summary: 'what a run resumed from another one would take over, and what it would run',
  group: 'start',
  isTool: true,
  ask: resumeAsk,
  answer: z.object({
    reused: list(z.string()),
    runs: list(z.string()),
  }),
  at: ['runId'],
  examples: [{ runId: 'nightly-1' }],
  /**
   * The preview applies a worker's rules.
   *
   * @throws SelvageError `ServerUnreachable`, `UnknownRun`, `RunNotOver`, `UnknownKnot`, `NotResumable`
   */
  async run({ backends, reach }, { runId, from = [] }) {
    const { run, plan, terminals } = await reach.do(({ client }) =>
      readResumable(backends, client.workflow, runId, from),
    );
    const layout = terminals ? layoutOf(plan.plan, terminals) : plan.layout;
    const records = await backends.runHistory.getRecords(run.temporal_run_id);
    const earlier = new Map(records.map((record) => [record.knot_id, record]));
    const { candidates } = resumeCandidates(layout, earlier, from);
    const hashes = [...new Set(candidates.map(({ record }) => record.output_hash!))];
    const present = await withSubject(subjectOf(run), () => presentOf(backends.dataStore, hashes));
    const taken = new Set(withValues(layout, candidates, present).map(({ record }) => record.knot_id));
    return {
      reused: layout.ids.filter((id) => taken.has(id)),
      runs: layout.ids.filter((id) => !taken.has(id)),
    };
  },
});

async function presentOf(dataStore: DataStore, hashes: readonly string[]): Promise<Set<string>> {
  const present = new Set<string>();
  for (let first = 0; first < hashes.length; first += HASHES)
    for (const hash of await dataStore.hasMany(hashes.slice(first, first + HASHES))) present.add(hash);
  return present;
}
