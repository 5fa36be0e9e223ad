import type { LineageRecord } from './records';

/** The hashes of all values that a record names: inputs, output and mentioned values. */
export function valuesNamedBy(record: LineageRecord): string[] {
  const named = [record.output_hash, ...inputHashes(record), ...mentionedValues(record)];
  return named.filter((hash) => typeof hash === 'string');
}

export function inputHashes(record: LineageRecord): (string | null)[] {
  return [...Object.values(record.parent_input_hashes), ...Object.values(record.constant_input_hashes)];
}

/** The hashes in `extra`: the full traceback, the fragment by which the body extended the run, and its log. */
export function mentionedValues({ extra }: Pick<LineageRecord, 'extra'>): string[] {
  const { extension, error, log } = extra as {
    extension?: string;
    error?: { traceback_hash?: string } | null;
    log?: { hash?: string } | null;
  };
  return [extension, error?.traceback_hash, log?.hash].filter((hash) => typeof hash === 'string');
}
