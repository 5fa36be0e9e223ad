import type { BodyVersion, Versions } from '../../client';
import { list } from '../../operations/versions/list';
import { shortHash } from '../../records/questions/stale-reason-text';
import { formatTable, formatTime, joined, nameSome, plural } from '../output/format';
import { makeVerb } from '../table/verb-of-table';

export const addVersions = makeVerb(list, describeVersions);

export function describeVersions(versions: Versions): string {
  const { plans, bodies, open, unknownRuns, silentWorkers, workersKnown } = versions;
  return joined(
    `${plural(open, 'unfinished run')}.`,
    plans.length > 0 &&
      formatTable(
        ['TAPESTRY', 'PLAN', 'RUNS', 'OLDEST'],
        plans.map(({ tapestry, planHash, runs, oldestStartedAt }) => [
          tapestry,
          planHash === '' ? 'that of the worker' : shortHash(planHash),
          String(runs),
          formatTime(oldestStartedAt),
        ]),
      ),
    bodies.length > 0 && [
      '',
      formatTable(
        ['BODY', 'CODE', 'NEEDED BY', 'WORKERS', 'SAFE TO REMOVE'],
        bodies.map((one) => rowOf(one, versions)),
      ),
    ],
    unknownRuns.length > 0 &&
      `The plans of some runs are not known, so that others may be needed, too: ${nameSome(unknownRuns, unknownRuns.length)}.`,
    silentWorkers.length > 0 &&
      `${plural(silentWorkers.length, 'worker')} did not tell which bodies they have: ${nameSome(silentWorkers, silentWorkers.length)}.`,
    !workersKnown && 'The server keeps no list of workers, so that nobody knows what they have.',
  );
}

function rowOf(
  { body, codeHash, runs, pinned, oldestRunId, workers, safeToRemove }: BodyVersion,
  { silentWorkers, workersKnown }: Versions,
): string[] {
  const queues = [...new Set(workers.map(({ taskQueue }) => taskQueue))].sort();
  return [
    body,
    // For a body that no run needs, only the name is known.
    codeHash === null ? (runs === 0 ? '' : 'body host') : shortHash(codeHash),
    runs === 0
      ? 'no run'
      : `${plural(runs, 'run')}${pinned > 0 ? ` (${pinned} this code alone)` : ''}, oldest ${oldestRunId}`,
    workers.length === 0
      ? !workersKnown
        ? 'not known'
        : silentWorkers.length > 0
          ? 'none that tells'
          : 'none'
      : `${new Set(workers.map(({ identity }) => identity)).size} of ${nameSome(queues, queues.length)}`,
    safeToRemove === null ? 'not known' : safeToRemove ? 'yes' : 'no',
  ];
}
