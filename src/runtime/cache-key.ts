import { hashJson, type Json, type Sha256 } from '../values';
import type { PlanKnot } from '../plan';
import type { DefinitionRecord } from '../authoring/records';
import type { LineageRecord } from '../ports';
import { bodyTag } from './body-tags';
import { mapOfElement } from '../authoring/element-id';
import type { EncodedValue } from './encoded-value';
import type { LoadedPlan } from './loaded-plan';

/** Version of the key: raise it when keys are computed from other data, so that no earlier value is found. */
const FORMAT = 1;

/** An input or output of a knot. A stored stream differs from its bytes, as bodies see the two differently. */
export type ValueIdentity = Pick<EncodedValue, 'hash' | 'size' | 'length' | 'columns' | 'stored' | 'table'>;

export type ValueId = Pick<ValueIdentity, 'hash' | 'stored'>;

interface KeyedBody {
  readonly codeHash: string | undefined;
  /** Default: the body that other workers have at this place. */
  readonly definition?: DefinitionRecord | undefined;
}

/**
 * The key for reusing a knot's value. The key covers the knot's definition, its version or source, its inputs by name,
 * and whether schemas apply. A function in place includes its place, as another function of equal source may have
 * captured other values. Undefined if the knot's values are not reused, or its source is needed and unknown.
 *
 * @param valueOf a parent's value, by its index in the plan and the input; for an element, its part of the value
 */
export function cacheKeyOf(
  plan: LoadedPlan,
  knot: PlanKnot,
  body: KeyedBody,
  valueOf: (parent: number, input: string) => ValueId,
  digest: Sha256,
): string | undefined {
  const { cache } = knot.policy;
  const definition = plan.definitionOf(knot);
  if (!cache || !definition) return undefined;
  const { codeHash } = body;
  if (cache.codeHash === 'source' && codeHash === undefined) return undefined;
  const inputs: Record<string, Json> = {};
  for (const [name, input] of Object.entries(knot.inputs)) {
    inputs[name] = 'parent' in input ? identityOf(valueOf(input.parent, name)) : input.hash;
  }
  const { name, version, inline } = definition;
  return hashJson(
    {
      format: FORMAT,
      definition: name,
      ...(version !== undefined && { version }),
      ...(inline && { place: placeOf(plan, knot) }),
      ...(cache.codeHash === 'source' &&
        codeOf(codeHash!, body.definition, [name, version ?? '', ...(inline ? placeOf(plan, knot) : [])])),
      // Values that no schema has checked are kept apart from checked ones.
      ...(knot.policy.validate === false && { validate: false }),
      inputs,
    },
    digest,
  );
}

export function valueOfRecord(record: LineageRecord): ValueIdentity {
  const { length, columns, stored, table } = record.extra as Partial<ValueIdentity>;
  return {
    hash: record.output_hash!,
    size: record.output_size!,
    ...(length !== undefined && { length }),
    ...(columns !== undefined && { columns }),
    ...(stored !== undefined && { stored }),
    ...(table && { table }),
  };
}

export function isTooOld(knot: PlanKnot, record: LineageRecord, now: number): boolean {
  const { maxAge } = knot.policy.cache ?? {};
  return maxAge !== undefined && now - record.finished_at > maxAge;
}

/** The place of a function: its tapestry and knot; for elements, their map. */
function placeOf({ plan }: LoadedPlan, { id }: PlanKnot): string[] {
  return [plan.tapestry, mapOfElement(id) ?? id];
}

function codeOf(
  codeHash: string,
  definition: DefinitionRecord | undefined,
  knownBy: readonly string[],
): Record<string, Json> {
  const tag = definition && bodyTag(definition, [codeHash, ...knownBy].join(' '));
  return { code: codeHash, ...(tag !== undefined && { tag }) };
}

function identityOf({ hash, stored }: ValueId): Json {
  return stored === undefined ? hash : { hash, stored };
}
