/** What a SelvageError must be like: its code, and a part of its message. For `toMatchObject`. */
export function refusal(code: string, said: string | RegExp): { code: string; message: unknown } {
  const message = typeof said === 'string' ? expect.stringContaining(said) : expect.stringMatching(said);
  return { code, message: message as unknown };
}
