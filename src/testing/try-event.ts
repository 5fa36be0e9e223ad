import { mapOf, parametersOfEvent } from '../connection/event-parameters';
import { SelvageError } from '../errors';
import { validateParameters } from '../runtime';
import { recordOf } from '../authoring';
import type { EventLink } from '../ports';
import { isTrigger, triggerName, type EventMap, type TriggerDeclaration } from '../triggers';

export interface TryEventOptions {
  /** A function that replaces the trigger's own `map`. */
  readonly map?: EventMap;
  /** The key of the event. Default `test`. */
  readonly key?: string;
  /** The origin of the event. Default: empty. */
  readonly link?: EventLink;
}

/** The result of an event, up to the start of its run. */
export type TriedEventResult =
  /** The event would start a run with these parameters, with defaults, as validated by the schemas. */
  | { readonly status: 'accepted'; readonly parameters: Readonly<Record<string, unknown>> }
  /** `map` returned nothing, so no run would start. */
  | { readonly status: 'filtered' }
  /** The error: `InvalidEvent` (the `map` threw, or records cannot hold key or link) or `InvalidParameters`. */
  | { readonly status: 'refused'; readonly error: SelvageError };

/**
 * Tries a trigger's reaction to an event, without a broker, a server or a ledger: runs its `map`, and validates the
 * tapestry's parameters. The function starts nothing; pass the parameters to `runLocally` to start a run.
 *
 * @param body the argument of the trigger's `map`; without a `map`, the parameters
 * @throws SelvageError `InvalidConfig` if the trigger starts no runs
 */
export async function tryEvent(
  trigger: TriggerDeclaration,
  body: unknown,
  options: TryEventOptions = {},
): Promise<TriedEventResult> {
  const { tapestry } = requireStarting(trigger);
  const { key = 'test', link = {}, map = mapOf(trigger) } = options;
  try {
    const given = await parametersOfEvent(trigger, { key, body, link }, map);
    if (given === undefined) return { status: 'filtered' };
    const parameters = Object.fromEntries(await validateParameters(recordOf(tapestry!), given));
    return { status: 'accepted', parameters };
  } catch (error) {
    if (SelvageError.is(error, 'InvalidEvent') || SelvageError.is(error, 'InvalidParameters'))
      return { status: 'refused', error };
    throw error;
  }
}

function requireStarting(trigger: TriggerDeclaration): TriggerDeclaration {
  if (isTrigger(trigger) && trigger.tapestry) return trigger;
  const what = isTrigger(trigger)
    ? `trigger "${triggerName(trigger)}" starts no runs`
    : 'no trigger was given';
  throw new SelvageError(
    'InvalidConfig',
    `An event cannot be tried: ${what}. Give what kafkaTrigger(…), webhook(…) or valkeyTrigger(…) returns.`,
    { details: { option: 'trigger', reason: 'WrongValue' } },
  );
}
