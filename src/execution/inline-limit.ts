import { SelvageError } from '../errors';

/** Encoded bytes up to which a value is carried in Temporal's history. */
export const DEFAULT_INLINE_LIMIT = 2 * 1024;

export const INLINE_LIMIT_VARIABLE = 'SELVAGE_INLINE_LIMIT';

/**
 * The limit that was given, else that of the environment; undefined where neither says anything.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function chosenInlineLimit(
  given: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  // An empty variable counts as unset, as it does for most programs.
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
