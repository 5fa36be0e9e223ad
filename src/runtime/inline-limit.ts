import { SelvageError } from '../errors';

/** Maximum encoded bytes of a value carried inline in Temporal's history. */
export const DEFAULT_INLINE_LIMIT = 2 * 1024;

const INLINE_LIMIT_VARIABLE = 'SELVAGE_INLINE_LIMIT';

/** The given inline limit, else the environment's; undefined if neither is set. @throws SelvageError `InvalidConfig` */
export function chosenInlineLimit(
  given: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  // As in most programs, an empty variable counts as unset.
  const text = environment[INLINE_LIMIT_VARIABLE] || undefined;
  const limit = given ?? (text === undefined ? undefined : Number(text));
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 0)) return limit;
  const place = given === undefined ? INLINE_LIMIT_VARIABLE : '`inlineLimit`';
  throw new SelvageError(
    'InvalidConfig',
    `${place} is ${String(given ?? text)}. Give a whole number of bytes from 0 on, or leave it out.`,
    { details: { option: 'inlineLimit', reason: 'WrongValue' } },
  );
}
