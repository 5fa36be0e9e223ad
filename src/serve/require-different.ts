import { SelvageError } from '../errors';
import { isTrigger, triggerName, type TriggerDeclaration } from '../triggers';

/** @throws SelvageError `DuplicateTrigger`, `InvalidConfig` */
export function requireDifferent(triggers: readonly TriggerDeclaration[]): void {
  const names = new Set<string>();
  for (const trigger of triggers as readonly unknown[]) {
    if (!isTrigger(trigger)) {
      throw new SelvageError(
        'InvalidConfig',
        'Among the `triggers` of serve() is something that is none. Give what kafkaTrigger(…), webhook(…) or valkeyTrigger(…) returns.',
        { details: { option: 'triggers', reason: 'WrongValue' } },
      );
    }
    const name = triggerName(trigger);
    if (names.has(name)) {
      throw new SelvageError(
        'DuplicateTrigger',
        `Two of the triggers are ${name}. Give each trigger of a kind an id of its own: what an event has started is remembered under it.`,
        { details: { trigger: name, id: trigger.id } },
      );
    }
    names.add(name);
  }
}
