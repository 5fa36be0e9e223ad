import type { Priority } from '@temporalio/common';
import { SelvageError } from '../errors';

const FAIRNESS_KEY_VARIABLE = 'SELVAGE_FAIRNESS_KEY';
/** The server's limit. */
const MOST_BYTES = 64;

/**
 * The fairness key of a run by option, else by environment; undefined if neither has one. Child runs inherit it.
 * @throws SelvageError `InvalidConfig`
 */
export function chosenPriority(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Priority | undefined {
  // An empty variable counts as unset.
  const key: unknown = given ?? (environment[FAIRNESS_KEY_VARIABLE] || undefined);
  if (key === undefined) return undefined;
  if (
    typeof key === 'string' &&
    /^[^\p{Cc}\p{Surrogate}]+$/u.test(key) &&
    Buffer.byteLength(key) <= MOST_BYTES
  )
    return { fairnessKey: key };
  const place = given === undefined ? FAIRNESS_KEY_VARIABLE : '`fairnessKey`';
  throw new SelvageError(
    'InvalidConfig',
    `${place} is ${JSON.stringify(key)}. Give a line of at most ${MOST_BYTES} bytes, such as the name of your team, or leave it out.`,
    { details: { option: 'fairnessKey', reason: 'WrongValue' } },
  );
}
