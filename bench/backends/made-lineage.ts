/**
 * Lineage of any number of records, made by the database itself in its own SQL: a million is there in seconds. Record `n` (0, 1, …) made the
 * value `hashOf('output', n)` of `hashOf('input', n)` and of a constant that all share, as one of 100 knots of its run. The records are
 * spread over 30 days; one in 50 failed.
 */
const KNOTS_A_RUN = 100;
const CLASSES = 20;
const FAILED_ONE_IN = 50;
const DAYS_MS = 30 * 86_400_000;
export const FIRST_MS = 1_750_000_000_000;
/** After all. */
export const LAST_MS = FIRST_MS + DAYS_MS + 60_000;

/** Odd, so that no two `n` have the same product modulo 2^32, and large, so that neighbours are far from each other. */
const FACTOR = 2_654_435_761;
const MODULUS = 2 ** 32;
const OFFSETS = { output: 0, input: 1_000_000_000, run: 2_000_000_000 } as const;

const CODE = `sha256:${'c0de'.repeat(16)}`;
const CONSTANT = `sha256:${'feed'.repeat(16)}`;

/** How a database says what SQL says in many ways. */
export interface SqlWords {
  /** Eight hexadecimal digits of a whole number. */
  hex(number: string): string;
  /** The text eight times. */
  eightTimes(text: string): string;
  divided(number: string, by: number): string;
  text(number: string): string;
}

export function hashOf(kind: 'output' | 'input', n: number): string {
  const digits = Number((BigInt(n + OFFSETS[kind]) * BigInt(FACTOR)) % BigInt(MODULUS))
    .toString(16)
    .padStart(8, '0');
  return `sha256:${digits.repeat(8)}`;
}

/** The expression of {@link hashOf}, of `n`. */
function hashText(words: SqlWords, kind: 'output' | 'input'): string {
  return `'sha256:' || ${words.eightTimes(spread(words, kind, 'n'))}`;
}

function spread(words: SqlWords, kind: keyof typeof OFFSETS, number: string): string {
  return words.hex(`((${number} + ${OFFSETS[kind]}) * ${FACTOR}) % ${MODULUS}`);
}

/** The hashes of the inputs of record `n`. */
export function inputsOf(words: SqlWords): readonly [parent: string, constant: string] {
  return [hashText(words, 'input'), `'${CONSTANT}'`];
}

/** The columns of `selvage_lineage` and the expressions for them, of whole numbers `n` of 64 bits. */
export function lineageColumns(words: SqlWords, records: number): Readonly<Record<string, string>> {
  const run = spread(words, 'run', words.divided('n', KNOTS_A_RUN));
  const began = `${FIRST_MS} + n * ${Math.max(1, Math.floor(DAYS_MS / records))}`;
  const queued = '(n * 7919) % 500';
  const took = '1 + ((n * 104729) % 1000) * ((n * 31) % 40)';
  const knot = `'knot-' || ${words.text(`n % ${KNOTS_A_RUN}`)}`;
  return {
    run_id: `'nightly-' || ${run}`,
    temporal_run_id: `${run} || '-5e1f-4a6e-8000-' || ${run} || '0000'`,
    knot_id: knot,
    definition: `'class-' || ${words.text(`n % ${CLASSES}`)}`,
    definition_version: 'null',
    code_hash: `'${CODE}'`,
    knot_config_hash: `'${CODE}'`,
    parent_input_hashes: `'{"x":"' || ${hashText(words, 'input')} || '"}'`,
    constant_input_hashes: `'{"factor":"${CONSTANT}"}'`,
    parent_knot_ids: `'{"x":"' || ${knot} || '"}'`,
    output_hash: hashText(words, 'output'),
    output_size: '100',
    outcome: `case when n % ${FAILED_ONE_IN} = 0 then 'err' else 'ok' end`,
    skip_reason: 'null',
    error_record_id: 'null',
    cached_from_run: 'null',
    cache_key: 'null',
    dispatcher: "'queue'",
    task_queue: "'selvage'",
    worker: "'1@host'",
    attempt: '1',
    scheduled_at: began,
    started_at: `${began} + ${queued}`,
    finished_at: `${began} + ${queued} + ${took}`,
    extra: "'{}'",
  };
}
