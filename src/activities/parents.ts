import { contentHash, decodeJson, encodeValue, hashJson, type Json, type Sha256 } from '../values';
import { isReference, type Envelope, type ReferenceEnvelope } from '../scheduler/envelope';
import { uniqueParents, type PlanKnot } from '../plan';
import {
  copyOfJson,
  decodeStored,
  failedOutcomeOf,
  readAllStored,
  receivedOutcome,
  storedReference,
  type Failed,
  type LoadedPlan,
  valueOfRecord,
  valueOfEnvelope,
  type KnotParents,
} from '../runtime';
import { SelvageError } from '../errors';
import type { LineageRecord } from '../ports';
import type { ResolvedTask } from './tasks';
import { missingOrLost, requiredRecordsOf } from './records-lost';
import type { RecordSources } from './reset-runs';
import type { Uses } from './worker-parts';

export type ParentSources = RecordSources & Uses<'digest' | 'recentValues'>;

/**
 * Resolves the parents in a task: inline values directly, references by the data store. Omitted parents, including all
 * that are not Ok, come from the run's lineage records. The parents' values are read only on demand.
 *
 * @throws SelvageError `ValueMissing`, `BackendUnavailable`; ApplicationFailure as for `recordsLost`
 */
export async function findParents(
  environment: ParentSources,
  plan: LoadedPlan,
  knot: PlanKnot,
  task: ResolvedTask,
): Promise<KnotParents> {
  const parents = uniqueParents(knot);
  const found = new Map<number, Found>();
  const unsaid: number[] = [];
  parents.forEach((parent, position) => {
    const envelope: Envelope | null = task.parents?.[position] ?? null;
    if (!envelope) unsaid.push(parent);
    else if (isReference(envelope)) found.set(parent, { hash: envelope.hash, reference: envelope });
    else
      found.set(parent, { hash: hashOfInline(envelope.value, environment.digest), inline: envelope.value });
  });
  if (unsaid.length > 0) {
    const records = await requiredRecordsOf(
      environment,
      task.runId,
      task.temporalRunId,
      unsaid.map((parent) => plan.parentId(parent)),
    );
    for (const parent of unsaid) {
      const record = records.get(plan.parentId(parent));
      const outcome =
        record && knot.policy.errorPolicy === 'receiveErrors' ? failedOutcomeOf(record) : undefined;
      if (outcome) {
        found.set(parent, { hash: null, failed: receivedOutcome(plan.plan.knots[parent]!, outcome) });
      } else {
        const reference = referenceOf(record, plan.parentId(parent));
        found.set(parent, { hash: reference.hash, reference });
      }
    }
  }
  return {
    hashOf: (parent) => found.get(parent)?.hash ?? null,
    identityOf: (parent) => found.get(parent)?.reference ?? { hash: found.get(parent)!.hash! },
    kindOf: (parent) => found.get(parent)?.failed?.kind ?? 'ok',
    valueOf: (parent) => {
      const { reference, inline } = found.get(parent)!;
      return reference ?? valueOfEnvelope({ value: inline! }, environment.digest);
    },
    async read(wanted, receives) {
      const stored = uniqueParents(wanted).flatMap((parent): [string, string][] => {
        const reference = found.get(parent)?.reference;
        return reference && reference.stored === undefined ? [[reference.hash, plan.parentId(parent)]] : [];
      });
      const bytes = await readAllStored(environment, stored).catch((error: unknown) =>
        missingOrLost(
          environment,
          task.runId,
          task.temporalRunId,
          stored.map(([, parent]) => parent),
          error,
        ),
      );
      const valueOf = (parent: number): unknown => {
        const { reference, inline } = found.get(parent)!;
        return reference ? referencedValue(reference, bytes) : copyOfJson(inline!);
      };
      if (receives === 'values') return valueOf;
      return (parent) => structuredClone(found.get(parent)?.failed) ?? { kind: 'ok', value: valueOf(parent) };
    },
  };
}

interface Found {
  readonly hash: string | null;
  readonly inline?: Json;
  readonly reference?: ReferenceEnvelope;
  readonly failed?: Failed;
}

export function referenceOf(record: LineageRecord | undefined, knot: string): ReferenceEnvelope {
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

/** Bytes travel as a tagged object, but are hashed as bytes. */
export function hashOfInline(value: Json, digest: Sha256): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && value['$type'] === 'bytes') {
    return contentHash(encodeValue(decodeJson(value)), digest);
  }
  return hashJson(value, digest);
}

function referencedValue(reference: ReferenceEnvelope, stored: ReadonlyMap<string, Uint8Array>): unknown {
  if (reference.stored !== undefined) return storedReference(reference);
  return decodeStored(reference.hash, stored.get(reference.hash)!);
}
