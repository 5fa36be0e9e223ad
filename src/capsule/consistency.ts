import { nodeSha256 } from '../node-sha256';
import { isSealedName } from '../ports/parts/content-hash';
import type { LineageRecord } from '../ports';
import { damaged, type CapsuleContent } from './format';
import { valuesOf } from './value-collection';

/**
 * Checks that the parts of a capsule belong together. Each record needs its run, each plan its hash and a run. Each
 * value that a record names needs its bytes, or the reason for their absence.
 *
 * @throws SelvageError `CapsuleDamaged`
 */
export function requireConsistent(content: CapsuleContent, file: string): void {
  const { runs, records, plans, values, absent } = content;
  const recordsOf = new Map(runs.map(({ temporal_run_id: id }): [string, LineageRecord[]] => [id, []]));
  for (const record of records) {
    const { temporal_run_id: id, knot_id: knot } = record;
    const ofRun = recordsOf.get(id);
    if (!ofRun) throw damaged(file, `its record of knot "${knot}" is of none of its runs`);
    ofRun.push(record);
  }
  const planned = new Set(runs.map(({ plan_hash }) => plan_hash));
  for (const { hash, text } of plans) {
    if (hash !== `sha256:${nodeSha256(text)}`) throw damaged(file, `its plan ${hash} is another one`);
    if (!planned.has(hash)) throw damaged(file, `its plan ${hash} is of none of its runs`);
  }
  const entries = [...values, ...absent].map(({ hash }) => hash);
  requireDifferent(
    {
      run: runs.map(({ temporal_run_id: id }) => id),
      record: records.map(({ temporal_run_id: id, knot_id: knot }) => `${id} ${knot}`),
      plan: plans.map(({ hash }) => hash),
      value: entries,
    },
    file,
  );
  const known = new Set(entries);
  for (const run of runs)
    for (const { hash } of valuesOf(run, recordsOf.get(run.temporal_run_id)!))
      if (!isSealedName(hash) && !known.has(hash))
        throw damaged(
          file,
          `it has neither the value ${hash}, which a record names, nor why it was left out`,
        );
}

function requireDifferent(names: Readonly<Record<string, readonly string[]>>, file: string): void {
  for (const [what, all] of Object.entries(names)) {
    const met = new Set<string>();
    for (const name of all) {
      if (met.has(name)) throw damaged(file, `it has the ${what} ${name} twice`);
      met.add(name);
    }
  }
}
