import { SelvageError } from '../errors';
import { inTime } from '../ports/parts/pause';
import { oneLineOf } from '../runtime';
import { textProblem } from '../authoring/texts';
import { triggerName, type EventMap, type TriggerDeclaration, type TriggerEvent } from '../triggers';

export function mapOf({ options }: TriggerDeclaration): EventMap | undefined {
  const map = (options as { readonly map?: unknown } | undefined)?.map;
  return typeof map === 'function' ? (map as EventMap) : undefined;
}

/** Time limit of a map: one that never returns would hold up all later events, and the stop of the process. */
const MAP_TIMEOUT_MS = 30_000;

/** Unvalidated parameters; undefined if the event starts no run. @throws SelvageError `InvalidEvent` */
export async function parametersOfEvent(
  trigger: TriggerDeclaration,
  event: TriggerEvent,
  map: EventMap | undefined,
  limit = MAP_TIMEOUT_MS,
): Promise<object | undefined> {
  requireRecordable(trigger, event);
  if (!map) return event.body as object;
  try {
    const late = (): Error => new Error(`it has not answered within ${limit / 1_000} s`);
    return (await inTime(map(event.body, event), limit, late)) ?? undefined;
  } catch (error) {
    throw new SelvageError(
      'InvalidEvent',
      `The map of trigger "${triggerName(trigger)}" failed on the event ${shown(event.key)}: ${oneLineOf(error)}. ` +
        'Correct it, or let it answer undefined for events that start nothing.',
      {
        details: { trigger: triggerName(trigger), key: event.key, link: event.link, reason: 'MapFailed' },
        cause: error,
      },
    );
  }
}

/** Run records hold an event's key and link, and the start ledger holds its key. */
function requireRecordable(trigger: TriggerDeclaration, { key, link }: TriggerEvent): void {
  const texts: (readonly [what: string, text: unknown])[] = [['key', key]];
  for (const [name, value] of Object.entries(link)) {
    texts.push(['link', name]);
    if (typeof value !== 'number') texts.push([`link's ${name}`, value]);
  }
  for (const [what, text] of texts) {
    const problem = textProblem(text);
    if (!problem) continue;
    const [, rule] = problem;
    throw new SelvageError(
      'InvalidEvent',
      `The ${what} of an event of trigger "${triggerName(trigger)}" cannot be used: it ${rule}. It is ${shown(text)}.`,
      { details: { trigger: triggerName(trigger), key, reason: 'NotRecordable' } },
    );
  }
}

const SHOWN = 60;

function shown(text: unknown): string {
  const json = JSON.stringify(text) ?? typeof text;
  return json.length > SHOWN ? `${json.slice(0, SHOWN)}…` : json;
}
