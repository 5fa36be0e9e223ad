import { contentHash, decodeJson, encodeValue, hashJson, type Json, type Sha256 } from '../../canonical';
import { isReference, type Envelope } from '../../engine/envelope';
import { uniqueParents, type PlanKnot } from '../../engine';
import {
  decodeStored,
  failedOutcomeOf,
  receivedOutcome,
  storedReference,
  valueMissing,
  type Failed,
  type LoadedPlan,
  type ParentOutcomes,
  type ValueId,
  valueOfRecord,
} from '../../execution';
import { SelvageError } from '../../errors';
import type { DefinitionRecord } from '../../model/records';
import type { LineageRecord, RunHistory } from '../../protocols';
import type { ResolvedTask } from '../../activities/knot-attempt';
import { isResetRun, recordsBeforeReset } from '../../activities/reset-runs';
import { valueOfEnvelope } from '../../activities/segment-values';
import type { WorkerEnvironment } from '../../activities/worker-environment';

/** What is known of a knot's parents, by their indexes in the plan. */
export interface Parents extends ParentOutcomes {
  /** Null where it has no value. */
  hashOf(parent: number, input: string): string | null;
  /** Of one that is Ok. */
  identityOf(parent: number, input: string): ValueId;
  /**
   * Reads what is in the data store. The answer makes a fresh copy per call: of the parent's value or, for a body that
   * receives outcomes, of its outcome.
   *
   * @param knot with the inputs that are wanted
   * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
   */
  read(
    knot: PlanKnot,
    receives: DefinitionRecord['receives'],
  ): Promise<(parent: number, input: string) => unknown>;
}

/**
 * Resolves what a task says of its parents: inline values as they are, references to the data store, and what was left out
 * by the lineage records of this run: parents that are not Ok are always left out. Holds nothing larger than the task itself.
 *
 * @throws SelvageError `ValueMissing`, `BackendUnavailable`
 */
export async function findParents(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  knot: PlanKnot,
  task: ResolvedTask,
): Promise<Parents> {
  const parents = uniqueParents(knot);
  const inline = new Map<number, Json>();
  const references = new Map<number, Reference>();
  const failed = new Map<number, Failed>();
  const unsaid: number[] = [];
  parents.forEach((parent, position) => {
    const envelope: Envelope | null = task.parents?.[position] ?? null;
    if (!envelope) unsaid.push(parent);
    else if (isReference(envelope)) references.set(parent, envelope);
    else inline.set(parent, envelope.value);
  });
  if (unsaid.length > 0) {
    const records = await recordsOf(
      environment.backends.runHistory,
      task.runId,
      task.recordRun,
      unsaid.map((parent) => plan.parentId(parent)),
    );
    for (const parent of unsaid) {
      const record = records.get(plan.parentId(parent));
      const outcome =
        record && knot.policy.errorPolicy === 'receiveErrors' ? failedOutcomeOf(record) : undefined;
      if (outcome) failed.set(parent, receivedOutcome(plan.plan.knots[parent]!, outcome));
      else references.set(parent, referenceOf(record, plan.parentId(parent)));
    }
  }
  const hashes = new Map([...references].map(([parent, { hash }]) => [parent, hash]));
  for (const [parent, value] of inline) hashes.set(parent, hashOfInline(value, environment.digest));
  return {
    hashOf: (parent) => hashes.get(parent) ?? null,
    identityOf: (parent) => references.get(parent) ?? { hash: hashes.get(parent)! },
    kindOf: (parent) => failed.get(parent)?.kind ?? 'ok',
    valueOf: (parent) =>
      references.get(parent) ?? valueOfEnvelope({ value: inline.get(parent)! }, environment.digest),
    async read(wanted, receives) {
      const read = new Set(uniqueParents(wanted));
      const bytes = await readStored(
        environment,
        plan,
        [...references].filter(([parent]) => read.has(parent)),
      );
      const valueOf = (parent: number): unknown => {
        const reference = references.get(parent);
        return reference ? referencedValue(reference, bytes) : copyOf(inline.get(parent)!);
      };
      if (receives === 'values') return valueOf;
      return (parent) => structuredClone(failed.get(parent)) ?? { kind: 'ok', value: valueOf(parent) };
    },
  };
}

/** By knot id: the records of this run, and of a reset one those of before the reset. What has none is left out. */
export async function recordsOf(
  runHistory: RunHistory,
  runId: string,
  recordRun: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LineageRecord>> {
  const records = new Map(
    (await runHistory.getRecords(recordRun, ids)).map((record) => [record.knot_id, record]),
  );
  const missing = ids.filter((id) => !records.has(id));
  if (missing.length > 0 && (await isResetRun(runHistory, recordRun))) {
    for (const record of await recordsBeforeReset(runHistory, runId, missing))
      records.set(record.knot_id, record);
  }
  return records;
}

/** By hash. What this worker has at hand is not read again; its bytes are never changed. */
async function readStored(
  { backends, recentValues }: WorkerEnvironment,
  plan: LoadedPlan,
  references: readonly (readonly [number, Reference])[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = references.filter(([, { stored }]) => stored === undefined);
  const found = new Map<string, Uint8Array>();
  const unknown = new Set<string>();
  for (const [, { hash }] of wanted) {
    const recent = recentValues.get(hash);
    if (recent) found.set(hash, recent);
    else unknown.add(hash);
  }
  if (unknown.size > 0) {
    for (const [hash, bytes] of await backends.dataStore.getMany([...unknown])) found.set(hash, bytes);
  }
  for (const [parent, { hash }] of wanted) {
    if (!found.has(hash)) throw valueMissing(hash, plan.parentId(parent));
  }
  return found;
}

interface Reference {
  readonly hash: string;
  readonly size: number;
  readonly length?: number;
  readonly stored?: string;
}

/** What a record says of an Ok knot's value. */
export function referenceOf(record: LineageRecord | undefined, knot: string): Reference {
  if (record?.outcome !== 'ok' || record.output_hash === null || record.output_size === null) {
    throw new SelvageError(
      'ValueMissing',
      `The run history has no value for knot "${knot}", though the run went on past it. This worker looks at another run ` +
        'history than the worker that ran it: compare their SELVAGE_HISTORY (`selvage doctor` shows it).',
      { details: { knot } },
    );
  }
  return valueOfRecord(record);
}

/** The hash of an inline value: bytes travel as a tagged object, but are hashed as bytes. */
export function hashOfInline(value: Json, digest: Sha256): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && value['$type'] === 'bytes') {
    return contentHash(encodeValue(decodeJson(value)), digest);
  }
  return hashJson(value, digest);
}

function copyOf(value: Json): unknown {
  return typeof value === 'object' && value !== null ? decodeJson(structuredClone(value)) : value;
}

function referencedValue(reference: Reference, stored: ReadonlyMap<string, Uint8Array>): unknown {
  if (reference.stored !== undefined) return storedReference(reference);
  return decodeStored(reference.hash, stored.get(reference.hash)!);
}
