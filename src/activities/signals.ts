import { decodeJson } from '../values';
import { SelvageError, isOfClass } from '../errors';
import { isReference, type Envelope, type ReferenceEnvelope } from '../scheduler';
import type { Plan, PlanKnot } from '../plan';
import {
  checkPayload,
  decodeStored,
  envelopeOf,
  storedReference,
  storedValues,
  type EncodedValue,
  type SignalSchema,
  valueOfEnvelope,
} from '../runtime';
import type { StandardSchema } from '../authoring';
import type { SignalCheck, SignalCheckRequest } from '../workflows/messages';
import { readStored, storeAll, type StoredValues } from './stored-values';
import type { Uses } from './worker-parts';

/**
 * Checks for each signal whether its payload satisfies the schema of a knot that waits for that name. Payloads are
 * kept as given; each knot takes the output of its own schema.
 *
 * @throws SelvageError `BodyMissing` if this worker lacks the schemas, `BackendUnavailable`
 */
export async function checkSignals(
  environment: StoredValues & Uses<'digest' | 'plans' | 'registry'>,
  { plan: hash, signals }: SignalCheckRequest,
): Promise<SignalCheck[]> {
  const { plan } = await environment.plans.get(hash);
  const values: EncodedValue[] = [];
  const checks: SignalCheck[] = [];
  for (const { name, payload = NOTHING_GIVEN, isRaw } of signals) {
    const given = await read(environment, payload, name, isRaw);
    const check =
      'refused' in given
        ? given
        : await checkPayload(name, schemasOf(environment, plan, name), given.payload);
    if ('refused' in check) {
      checks.push(check);
      continue;
    }
    const { unfit } = check;
    const value = isReference(payload) ? undefined : valueOfEnvelope(payload, environment.digest);
    if (value) values.push(value);
    const reference = value ? (envelopeOf(value, -1) as ReferenceEnvelope) : (payload as ReferenceEnvelope);
    checks.push({ payload: reference, ...(unfit.length > 0 && { unfit }) });
  }
  // Keeps payloads under their hashes, so that the run's own state of signals stays small.
  await storeAll(
    environment,
    values.flatMap((value) => storedValues(value)),
  );
  return checks;
}

async function read(
  environment: StoredValues & Uses<'digest'>,
  payload: Envelope,
  name: string,
  isRaw: boolean | undefined,
): Promise<{ readonly payload: unknown } | { readonly refused: string }> {
  try {
    if (isRaw && !isReference(payload))
      return { payload: decodeJson(payload.value, { allowReferences: false }) };
    return { payload: await payloadOf(environment, payload, name) };
  } catch (error) {
    if (!isOfClass(error, 'input', 'damaged')) throw error;
    return { refused: `The signal "${name}" cannot be read: ${(error as Error).message}` };
  }
}

export async function payloadOf(
  environment: StoredValues & Uses<'digest'>,
  payload: Envelope,
  knot: string,
): Promise<unknown> {
  const value = valueOfEnvelope(payload, environment.digest);
  if (value.stored !== undefined) return storedReference(value);
  return decodeStored(value.hash, value.bytes ?? (await readStored(environment, value.hash, knot)));
}

function schemasOf(environment: Uses<'registry'>, plan: Plan, name: string): readonly SignalSchema[] {
  const ofPlan = knownSchemas.get(plan) ?? new Map<string, readonly SignalSchema[]>();
  knownSchemas.set(plan, ofPlan);
  const known = ofPlan.get(name);
  if (known) return known;
  const schemas = plan.knots
    .filter(({ policy }) => policy.wait?.signal === name)
    .map((knot) => ({
      knot: knot.id,
      schema: schemaOf(environment, plan.tapestry, knot, plan.definitions[knot.definition]!.name),
    }));
  ofPlan.set(name, schemas);
  return schemas;
}

function schemaOf(
  { registry }: Uses<'registry'>,
  tapestry: string,
  knot: PlanKnot,
  definition: string,
): StandardSchema {
  const schema = registry.definition(tapestry, knot.id, definition, undefined)?.wait?.schema;
  if (schema) return schema;
  throw new SelvageError(
    'BodyMissing',
    `This worker does not have knot "${knot.id}", whose schema a signal is to be checked against. The signal waits until a worker that ` +
      'has it polls this task queue: deploy the code that the run was started with beside the new one.',
    { details: { knot: knot.id, definition } },
  );
}

/** Schemas by signal name, for plans in this worker's cache: a plan may have thousands. */
const knownSchemas = new WeakMap<Plan, Map<string, readonly SignalSchema[]>>();
const NOTHING_GIVEN: Envelope = { value: { $type: 'undefined' } };
