/** The code and a part of the message of an expected SelvageError, for `toMatchObject`. */
export function refusal(code: string, said: string | RegExp): { code: string; message: unknown } {
  const message = typeof said === 'string' ? expect.stringContaining(said) : expect.stringMatching(said);
  return { code, message: message as unknown };
}
