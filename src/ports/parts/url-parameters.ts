import { SelvageError } from '../../errors';

/** A parameter name that is safe to show. Any other name may be the rest of a password that contains a `?`. */
const NAME = /^[A-Za-z][\w.-]{0,40}$/;

/**
 * Refuses unknown parameters of an address, as ignoring one would look as if it had worked.
 *
 * @param what the kind of location, as `a Postgres database`
 * @param hint an additional sentence
 * @throws SelvageError `InvalidUrl` for an unknown parameter, without its value
 */
export function requireKnownParameters(
  parameters: URLSearchParams,
  what: string,
  known: readonly string[],
  hint = '',
): void {
  for (const [name, value] of parameters) {
    if (known.includes(name)) continue;
    const shown = NAME.test(name) && value !== '' ? ` ${JSON.stringify(name)}` : '';
    const remedy =
      name === 'ttl'
        ? 'Only Valkey lets values go by themselves: run `selvage gc --ttl TIME` now and then, which removes those that are older.'
        : known.length > 0
          ? `There are ${known.join(', ')}.`
          : 'It takes none.';
    throw new SelvageError(
      'InvalidUrl',
      `The address of ${what} has a parameter${shown} that it cannot have. ${remedy}${hint && ` ${hint}`}`,
    );
  }
}
