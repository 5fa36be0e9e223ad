import type { LineageRecord } from './records';

/** The hashes of all values that a record names: what went in and came out, and what it mentions. */
export function valuesNamedBy(record: LineageRecord): string[] {
  const { output_hash, parent_input_hashes, constant_input_hashes } = record;
  const named = [
    output_hash,
    ...Object.values(parent_input_hashes),
    ...Object.values(constant_input_hashes),
    ...mentionedValues(record),
  ];
  return named.filter((hash) => typeof hash === 'string');
}

/** The hashes of the whole traceback of a record, and of the fragment by which its body has extended the run. */
export function mentionedValues({ extra }: Pick<LineageRecord, 'extra'>): string[] {
  const { extension, error } = extra as {
    extension?: string;
    error?: { traceback_hash?: string } | null;
  };
  return [extension, error?.traceback_hash].filter((hash) => typeof hash === 'string');
}
