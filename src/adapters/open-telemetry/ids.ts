import { createHash, randomBytes } from 'node:crypto';

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const RANDOM_BYTES = 2_048;

/** Ids are digits of a hash of the span's subject, so that all makers of a span agree. */
function digits(length: number, ...about: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, length);
}

/** @param apart a knot with a trace of its own */
export function traceIdOf(temporalRunId: string, apart?: string): string {
  return apart === undefined
    ? digits(TRACE_DIGITS, 'trace', temporalRunId)
    : digits(TRACE_DIGITS, 'trace', temporalRunId, apart);
}

export function runSpanId(temporalRunId: string): string {
  return digits(SPAN_DIGITS, 'run', temporalRunId);
}

/** The span of a knot as a whole, if it has more than one attempt to show: a map, a nested run, a retried knot. */
export function knotSpanId(temporalRunId: string, knotId: string): string {
  return digits(SPAN_DIGITS, 'knot', temporalRunId, knotId);
}

export function attemptSpanId(temporalRunId: string, knotId: string, attempt: number): string {
  return digits(SPAN_DIGITS, 'attempt', temporalRunId, knotId, attempt);
}

const NEXT_IDS = Symbol.for('selvage.open-telemetry.next-ids');

/** The ids are on the global object: the SDK may have the generator of another copy of this package. */
const shared = globalThis as { [NEXT_IDS]?: SpanIds | undefined };

/** Starts a span with these ids, if the SDK has our generator. The function `start` must not wait. */
export function withIds<T>(ids: SpanIds, start: () => T): T {
  shared[NEXT_IDS] = ids;
  try {
    return start();
  } finally {
    shared[NEXT_IDS] = undefined;
  }
}

/** The part of an SDK's id generator that OpenTelemetry specifies. */
export interface IdGenerator {
  /** @returns 32 hexadecimal digits */
  generateTraceId(): string;
  /** @returns 16 hexadecimal digits */
  generateSpanId(): string;
}

/**
 * Gives the spans of runs and knots their own ids, and all others random ones. The generator is an option of the SDK's
 * tracer provider: `new NodeTracerProvider({ idGenerator: selvageIdGenerator(), … })`.
 *
 * @param others makes the ids of all other spans. Default: random ones
 */
export function selvageIdGenerator(others: IdGenerator = RANDOM): IdGenerator {
  return {
    generateTraceId: () => shared[NEXT_IDS]?.traceId ?? others.generateTraceId(),
    generateSpanId: () => shared[NEXT_IDS]?.spanId ?? others.generateSpanId(),
  };
}

const RANDOM: IdGenerator = {
  generateTraceId: () => randomDigits(TRACE_DIGITS),
  generateSpanId: () => randomDigits(SPAN_DIGITS),
};

let random = '';

function randomDigits(length: number): string {
  for (;;) {
    // Many random bytes are drawn at once: asking the system costs more than the rest of a span.
    if (random.length < length) random = randomBytes(RANDOM_BYTES).toString('hex');
    const made = random.slice(0, length);
    random = random.slice(length);
    // Ids of nothing but zeros are invalid.
    if (/[^0]/.test(made)) return made;
  }
}
