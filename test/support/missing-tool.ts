/**
 * Says aloud that a program which some tests need is not there. Undefined if it is.
 *
 * @param what it is
 * @param attempt to use it; throws if that fails
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
