/** Where the bodies of a worker process leave word of their calls: the folder that the environment names. */
export const NOTES_VARIABLE = 'SELVAGE_TEST_NOTES';

export function notesFolder(): string {
  return process.env[NOTES_VARIABLE]!;
}
