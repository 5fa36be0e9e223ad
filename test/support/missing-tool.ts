/**
 * Reports that a program for some tests is missing; undefined if it is there.
 *
 * @param what its name
 * @param attempt uses it, and throws if that fails
 */
export function missing(what: string, attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    const reason = `${what} is not there: ${(error as Error).message.split('\n')[0]}`;
    process.stderr.write(`${reason}. Tests that need it are skipped.\n`);
    return reason;
  }
}
