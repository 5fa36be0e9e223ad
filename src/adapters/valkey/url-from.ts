import { SelvageError } from '../../errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The URL of a server, from an environment variable. Throws `InvalidConfig`.
 *
 * @param owner the owner of the URL, for the message: `The trigger valkey:orders`; `about` is for the error's details
 */
export function urlFrom(
  owner: string,
  variable: string,
  environment: Environment,
  about: Readonly<Record<string, string>> = { owner },
): string {
  const url = environment[variable];
  if (url) return url;
  throw new SelvageError(
    'InvalidConfig',
    `${owner} does not know its server: the environment variable ${variable} is not set. Set it to valkey://[user:password@]host[:port][/database].`,
    { details: { ...about, variable, reason: 'MissingPart' } },
  );
}
