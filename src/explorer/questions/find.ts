import type { Found, Questions } from '../contract';
import type { ProjectData } from '../../operations/surroundings';

const LIMIT = 20;
const RUNS = 1_000;
const HASHES = 5;
const DIGITS = /^(?:(?:bytes-)?sha256:)?([0-9a-f]{4,64})$/;

/**
 * Finds tapestries and runs by a part of their names, knots as `RUN/KNOT`, and values by the beginning of
 * their hash.
 */
export async function find(
  data: ProjectData,
  { text, limit = LIMIT }: Questions['find']['ask'],
): Promise<Questions['find']['answer']> {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return { items: [] };
  const [values, knots, exact, recent] = await Promise.all([
    valuesOf(data, wanted),
    knotsOf(data, text.trim(), limit),
    data.backends.runHistory.getRun(text.trim()),
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
  // Leaves room for each kind if there are many of one.
  const each = Math.max(3, Math.floor(limit / 2));
  const found: Found[] = [
    ...values,
    ...tapestries.slice(0, each).map((tapestry): Found => ({ kind: 'tapestry', tapestry })),
    ...runs
      .slice(0, limit)
      .map(({ run_id: runId, tapestry, status }): Found => ({ kind: 'run', runId, tapestry, status })),
    ...knots,
  ];
  return { items: found.slice(0, limit) };
}

async function valuesOf({ backends }: ProjectData, text: string): Promise<Found[]> {
  const [, digits] = DIGITS.exec(text) ?? [];
  if (digits === undefined) return [];
  const kinds = text.includes(':')
    ? [text.slice(0, text.lastIndexOf(':') + 1)]
    : ['sha256:', 'bytes-sha256:'];
  const found = await Promise.all(
    kinds.map((kind) => backends.runHistory.findHashes(`${kind}${digits}`, HASHES)),
  );
  return found.flat().map((hash) => ({ kind: 'value', hash }));
}

async function knotsOf({ backends, plans }: ProjectData, text: string, limit: number): Promise<Found[]> {
  // Ids of runs and of knots may both contain slashes: the longest run id is tried first.
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
