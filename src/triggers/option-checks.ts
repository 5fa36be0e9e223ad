import { isTapestry } from '../authoring';
import { oneOf, sayable, shown, type Check } from '../authoring/checks';
import { textProblem } from '../authoring/texts';
import { SelvageError } from '../errors';
import { triggerName, type TriggerKind } from './declaration';

/** Names a trigger in messages before its options are checked: `unnamed` if the options have no id. */
export function ownerOf(kind: TriggerKind, options: unknown, unnamed: string): string {
  const id = (options as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? triggerName({ kind, id }) : unnamed;
}

/** @throws SelvageError `InvalidConfig` */
export function requireTapestry(what: string, given: unknown): void {
  if (isTapestry(given)) return;
  throw new SelvageError(
    'InvalidConfig',
    `${what} starts runs of a tapestry, and was given ${shown(given)}. Give what tapestry() answers as the first argument.`,
    { details: { option: 'tapestry', reason: 'WrongValue' } },
  );
}

export const isText = sayable('text', (value) => (typeof value === 'string' ? undefined : 'must be a text'));

/** A non-empty text on one line, of a bounded number of bytes. */
export const lineOf = (longest: number): Check =>
  sayable('text', (value) =>
    typeof value === 'string' && value !== '' ? textProblem(value, longest)?.[1] : 'must be a text',
  );

export const isStart: Check = oneOf('earliest', 'latest');
