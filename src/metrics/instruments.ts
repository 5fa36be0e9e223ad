/** OpenTelemetry's meter, or one that `serve` makes of `prom-client`. */
export interface Instruments {
  createHistogram(name: string, options: HistogramOptions): Histogram;
  createCounter(name: string, options: CounterOptions): { add(value: number, attributes?: Labels): void };
}

export interface Histogram {
  record(value: number, attributes?: Labels): void;
  /** Shows the series as empty before its first value; idempotent. Absent if the technology has no empty series. */
  zero?(attributes: Labels): void;
}

export type Labels = Record<string, string | boolean>;

export interface CounterOptions {
  readonly description: string;
  readonly unit?: string;
  /** Names of the attributes, for technologies that need them beforehand, and drop other attributes. */
  readonly labels: readonly string[];
}

interface HistogramOptions extends CounterOptions {
  readonly advice: { explicitBucketBoundaries: number[] };
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 14_400];

export function secondsOf(
  instruments: Instruments,
  name: string,
  description: string,
  labels: readonly string[] = [],
): Histogram {
  const advice = { explicitBucketBoundaries: SECONDS };
  return instruments.createHistogram(name, { description, unit: 's', advice, labels });
}
