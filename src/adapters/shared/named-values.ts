import type { LineageRecord } from '../../protocols';

/** The hashes of all values that a record names: what went in and came out, its whole traceback, the fragment by which it extended its run. */
export function valuesNamedBy(record: LineageRecord): string[] {
  const { output_hash, parent_input_hashes, constant_input_hashes } = record;
  const { extension, error } = record.extra as {
    extension?: string;
    error?: { traceback_hash?: string } | null;
  };
  const named = [
    output_hash,
    ...Object.values(parent_input_hashes),
    ...Object.values(constant_input_hashes),
    extension,
    error?.traceback_hash,
  ];
  return named.filter((hash) => typeof hash === 'string');
}
