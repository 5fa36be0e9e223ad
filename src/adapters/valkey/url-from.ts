import { SelvageError } from '../../errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The URL of a server, by the environment variable that has it.
 *
 * @param owner who needs it, for the message: `The trigger valkey:orders`
 * @param about for the details of the error
 * @throws SelvageError `InvalidConfig`
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
