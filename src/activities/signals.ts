import { SelvageError } from '../errors';
import { isReference, type Envelope, type PlanKnot, type ReferenceEnvelope } from '../engine';
import {
  checkPayload,
  decodeStored,
  envelopeOf,
  storedReference,
  storedValues,
  valueMissing,
} from '../execution';
import type { StandardSchema } from '../model';
import type { SignalCheck, SignalCheckRequest } from '../workflows/messages';
import { valueOfEnvelope } from './segment-values';
import type { WorkerEnvironment } from './worker-environment';

/**
 * Whether a knot of the plan can take the signal: its payload must satisfy the schema of one that waits for that name. The payload is
 * kept as it was given; each knot takes what comes out of its own schema.
 *
 * @throws SelvageError `BodyMissing` where this worker does not have the schemas, `BackendUnavailable`
 */
export async function checkSignal(
  environment: WorkerEnvironment,
  request: SignalCheckRequest,
): Promise<SignalCheck> {
  const { plan } = await environment.plans.get(request.plan);
  const { name, payload = NOTHING_GIVEN } = request;
  const knots = plan.knots.filter(({ policy }) => policy.wait?.signal === name);
  let given: unknown;
  try {
    given = await payloadOf(environment, payload, name);
  } catch (error) {
    if (SelvageError.is(error, 'NotDecodable') || SelvageError.is(error, 'ValueMissing'))
      return { refused: `The signal "${name}" cannot be read: ${error.message}` };
    throw error;
  }
  const waiting = knots.map((knot) => ({
    knot: knot.id,
    schema: schemaOf(environment, plan.tapestry, knot, plan.definitions[knot.definition]!.name),
  }));
  const check = await checkPayload(name, waiting, given);
  if ('refused' in check) return check;
  const { unfit } = check;
  const reference = await keep(environment, payload);
  return { payload: reference, ...(unfit.length > 0 && { unfit }) };
}

/** A fresh copy of the value. */
export async function payloadOf(
  { backends, recentValues, digest }: WorkerEnvironment,
  payload: Envelope,
  knot: string,
): Promise<unknown> {
  const value = valueOfEnvelope(payload, digest);
  if (value.stored !== undefined) return storedReference(value);
  const bytes = value.bytes ?? recentValues.get(value.hash) ?? (await backends.dataStore.get(value.hash));
  if (!bytes) throw valueMissing(value.hash, knot);
  return decodeStored(value.hash, bytes);
}

/** By hash, in the data store, so that what a run keeps of a signal is small. */
async function keep(
  { backends, recentValues, digest }: WorkerEnvironment,
  payload: Envelope,
): Promise<ReferenceEnvelope> {
  if (isReference(payload)) return payload;
  const value = valueOfEnvelope(payload, digest);
  const values = storedValues(value);
  await backends.dataStore.put(values);
  for (const stored of values) recentValues.add(stored);
  return envelopeOf(value, -1) as ReferenceEnvelope;
}

function schemaOf(
  { registry }: WorkerEnvironment,
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

/** `undefined`, encoded. */
const NOTHING_GIVEN: Envelope = { value: { $type: 'undefined' } };
