/** Of an option that takes several names. */
export function commaSeparated(value: string): readonly string[] {
  return value.split(',').map((part) => part.trim());
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
