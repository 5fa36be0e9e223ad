import { contentHash, decodeJson, encodeValue, hashJson, type Json, type Sha256 } from '../../canonical';
import { isReference, type Envelope } from '../../engine/envelope';
import { uniqueParents, type PlanKnot } from '../../engine';
import { decodeStored, storedReference, valueMissing, type LoadedPlan } from '../../execution';
import { SelvageError } from '../../errors';
import type { LineageRecord } from '../../protocols';
import type { KnotTask } from '../../workflows/messages';
import type { WorkerEnvironment } from '../../activities/worker-environment';

/** The values of a knot's parents: by index in the plan, their hash and a fresh copy per call. */
export interface ParentValues {
  hashOf(parent: number): string | null;
  valueOf(parent: number): unknown;
}

interface ParentValue {
  readonly hash: string;
  readonly read: () => unknown;
}

/**
 * Resolves what a task says of its parents: inline values as they are, references from the data store, and what was left out
 * by the lineage records of this run.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function loadParents(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  knot: PlanKnot,
  task: KnotTask,
  recordRun: string,
): Promise<ParentValues> {
  const parents = uniqueParents(knot);
  const values = new Map<number, ParentValue>();
  const references = new Map<number, Reference>();
  const unsaid: number[] = [];
  parents.forEach((parent, position) => {
    const envelope: Envelope | null = task.parents?.[position] ?? null;
    if (!envelope) unsaid.push(parent);
    else if (isReference(envelope)) references.set(parent, envelope);
    else values.set(parent, inlineValue(envelope.value, environment.sha256));
  });
  if (unsaid.length > 0) {
    const ids = unsaid.map((parent) => plan.parentId(parent));
    const records = new Map(
      (await environment.backends.runHistory.getRecords(recordRun, ids)).map((record) => [
        record.knot_id,
        record,
      ]),
    );
    for (const parent of unsaid)
      references.set(parent, referenceOf(records.get(plan.parentId(parent)), plan.parentId(parent)));
  }
  const wanted = [...references.values()]
    .filter(({ stored }) => stored === undefined)
    .map(({ hash }) => hash);
  const bytes =
    wanted.length > 0 ? await environment.backends.dataStore.getMany([...new Set(wanted)]) : new Map();
  for (const [parent, reference] of references) {
    values.set(parent, referencedValue(reference, bytes, plan.parentId(parent)));
  }
  return {
    hashOf: (parent) => values.get(parent)?.hash ?? null,
    valueOf: (parent) => values.get(parent)!.read(),
  };
}

interface Reference {
  readonly hash: string;
  readonly size: number;
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
  const { stored } = record.extra as { stored?: string };
  return { hash: record.output_hash, size: record.output_size, ...(stored !== undefined && { stored }) };
}

/** The hash of an inline value: bytes travel as a tagged object, but are hashed as bytes. */
export function hashOfInline(value: Json, sha256: Sha256): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && value['$type'] === 'bytes') {
    return contentHash(encodeValue(decodeJson(value)), sha256);
  }
  return hashJson(value, sha256);
}

function inlineValue(value: Json, sha256: Sha256): ParentValue {
  const isObject = typeof value === 'object' && value !== null;
  return {
    hash: hashOfInline(value, sha256),
    read: () => (isObject ? decodeJson(structuredClone(value)) : value),
  };
}

function referencedValue(
  reference: Reference,
  stored: ReadonlyMap<string, Uint8Array>,
  knot: string,
): ParentValue {
  const { hash } = reference;
  if (reference.stored !== undefined) return { hash, read: () => storedReference(reference) };
  const bytes = stored.get(hash);
  if (!bytes) throw valueMissing(hash, knot);
  return { hash, read: () => decodeStored(hash, hash.startsWith('bytes-') ? bytes.slice() : bytes) };
}
