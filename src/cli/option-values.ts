/** Of an option that takes several names. */
export function commaSeparated(value: string): readonly string[] {
  return value.split(',').map((part) => part.trim());
}
