import { z } from 'zod';
import { beginningOfHash } from '../../values/hash';
import { limit, list, runStatus, text } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';

const RUNS = 1_000;
const HASHES = 5;

const found = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), runId: z.string(), tapestry: z.string(), status: runStatus }),
  z.object({ kind: z.literal('tapestry'), tapestry: z.string() }),
  z.object({ kind: z.literal('knot'), runId: z.string(), knotId: z.string() }),
  z.object({ kind: z.literal('value'), hash: z.string() }),
]);
export type Found = z.output<typeof found>;

export const find = question({
  name: 'project.find',
  summary: 'runs, knots, tapestries and values whose names or hashes match a text',
  description:
    'Finds tapestries and runs by a part of their names, knots as RUN/KNOT, and values by the beginning of their hash.',
  group: 'see',
  ask: z.strictObject({ text: text.describe('what to look for'), limit: limit(100, 20) }),
  answer: z.object({ items: list(found) }),
  at: ['text'],
  examples: [{ text: 'nightly' }],
  /** @throws SelvageError `BackendUnavailable` */
  async run(data, { text: given, limit: most }) {
    const wanted = given.trim().toLowerCase();
    if (wanted === '') return { items: [] };
    const [values, knots, exact, recent] = await Promise.all([
      valuesOf(data, wanted),
      knotsOf(data, given.trim(), most),
      data.backends.runHistory.getRun(given.trim()),
      data.backends.runHistory.listRuns({ limit: RUNS }),
    ]);
    const names = new Set([
      ...data.tapestries.map(({ name }) => name),
      ...recent.items.map(({ tapestry }) => tapestry),
    ]);
    const tapestries = [...names].filter((name) => name.toLowerCase().includes(wanted)).sort();
    const others = recent.items.filter((run) => run.run_id.toLowerCase().includes(wanted));
    const runs = [
      ...(exact ? [exact] : []),
      ...others.filter((run) => run.temporal_run_id !== exact?.temporal_run_id),
    ];
    // Maximum number of results of one kind, which leaves room for each kind.
    const each = Math.max(3, Math.floor(most / 2));
    const all: Found[] = [
      ...values,
      ...tapestries.slice(0, each).map((tapestry): Found => ({ kind: 'tapestry', tapestry })),
      ...runs
        .slice(0, most)
        .map(({ run_id: runId, tapestry, status }): Found => ({ kind: 'run', runId, tapestry, status })),
      ...knots,
    ];
    return { items: all.slice(0, most) };
  },
});

async function valuesOf({ backends }: ProjectData, text: string): Promise<Found[]> {
  const beginning = beginningOfHash(text);
  if (!beginning) return [];
  const found = await Promise.all(
    beginning.kinds.map((kind) => backends.runHistory.findHashes(`${kind}:${beginning.digits}`, HASHES)),
  );
  return found.flat().map((hash) => ({ kind: 'value', hash }));
}

async function knotsOf({ backends, plans }: ProjectData, text: string, limit: number): Promise<Found[]> {
  // Ids of runs and of knots may contain slashes: tries the longest run id first.
  for (let slash = text.lastIndexOf('/'); slash > 0; slash = text.lastIndexOf('/', slash - 1)) {
    const run = await backends.runHistory.getRun(text.slice(0, slash));
    if (!run) continue;
    const wanted = text.slice(slash + 1).toLowerCase();
    const plan = await plans.of(run).catch(() => undefined);
    const ids = plan?.plan.knots.map(({ id }) => id).filter((id) => id.toLowerCase().includes(wanted)) ?? [];
    return ids.slice(0, limit).map((knotId) => ({ kind: 'knot', runId: run.run_id, knotId }));
  }
  return [];
}
