import { hashJson, type Json, type Sha256 } from '../canonical';
import type { PlanKnot } from '../engine';
import type { LineageRecord } from '../protocols';
import type { EncodedValue } from './encoded-value';
import type { LoadedPlan } from './loaded-plan';

/** Changed when keys are made of something else, so that none of before is found. */
const FORMAT = 1;

/** What has gone into a knot, or come out of one: a stream in the data store is another thing to a body than its bytes. */
export type ValueIdentity = Pick<EncodedValue, 'hash' | 'size' | 'length' | 'stored'>;

/** What tells a value from others. */
export type ValueId = Pick<ValueIdentity, 'hash' | 'stored'>;

/**
 * What the values of a knot are reused by: its definition, the version of it or the source of its body, and what goes in, by input
 * name, and whether schemas look at it; not who asks, where it runs, nor under which policy. Undefined of a knot whose values are not reused.
 *
 * @param codeHash of the body that runs
 * @param valueOf a parent's value by its index in the plan, and the input that it is wired to: an element of a map has a part of it
 */
export function cacheKeyOf(
  plan: LoadedPlan,
  knot: PlanKnot,
  codeHash: string,
  valueOf: (parent: number, input: string) => ValueId,
  digest: Sha256,
): string | undefined {
  const { cache } = knot.policy;
  const definition = plan.definitionOf(knot);
  if (!cache || !definition) return undefined;
  const inputs: Record<string, Json> = {};
  for (const [name, input] of Object.entries(knot.inputs)) {
    inputs[name] = 'parent' in input ? identityOf(valueOf(input.parent, name)) : input.hash;
  }
  const { name, version } = definition;
  return hashJson(
    {
      format: FORMAT,
      definition: name,
      ...(version !== undefined && { version }),
      ...(cache.codeHash === 'source' && { code: codeHash }),
      // What no schema has looked at is not taken for what one has.
      ...(knot.policy.validate === false && { validate: false }),
      inputs,
    },
    digest,
  );
}

/** The value of an Ok record. */
export function valueOfRecord(record: LineageRecord): ValueIdentity {
  const { length, stored } = record.extra as Pick<ValueIdentity, 'length' | 'stored'>;
  return {
    hash: record.output_hash!,
    size: record.output_size!,
    ...(length !== undefined && { length }),
    ...(stored !== undefined && { stored }),
  };
}

/** Whether the value of an Ok record is too old for a knot to be taken over now. */
export function isTooOld(knot: PlanKnot, record: LineageRecord, now: number): boolean {
  const { maxAge } = knot.policy.cache ?? {};
  return maxAge !== undefined && now - record.finished_at > maxAge;
}

function identityOf({ hash, stored }: ValueId): Json {
  return stored === undefined ? hash : { hash, stored };
}
