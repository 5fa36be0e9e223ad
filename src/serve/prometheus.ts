import type * as PromClient from 'prom-client';
import type { CounterOptions, Instruments, Labels } from '../metrics';

/**
 * Limit of values of one label. Further values count as `other`, so that names chosen by users make no endless series.
 */
const MOST_VALUES = 200;
const OTHER = 'other';
const NONE: Labels = {};

/** Instruments of `prom-client`, named as OpenTelemetry exports them: `selvage_knot_duration_seconds`. */
export function prometheusInstruments(
  { Counter, Histogram }: typeof PromClient,
  registers: PromClient.Registry[],
): Instruments {
  return {
    createHistogram(name, options) {
      const labels = new LabelValues(options.labels);
      const histogram = new Histogram({
        name: prometheusName(name, options),
        help: options.description,
        labelNames: labels.names,
        buckets: options.advice.explicitBucketBoundaries,
        registers,
      });
      const shown = new Set<string>();
      return {
        record: (value, attributes) => histogram.observe(labels.of(attributes), value),
        zero: (attributes) => {
          const values = labels.of(attributes);
          const key = JSON.stringify(values);
          // `zero` would reset what was counted.
          if (shown.has(key)) return;
          shown.add(key);
          histogram.zero(values);
        },
      };
    },
    createCounter(name, options) {
      const labels = new LabelValues(options.labels);
      const counter = new Counter({
        name: `${prometheusName(name, options)}_total`,
        help: options.description,
        labelNames: labels.names,
        registers,
      });
      return { add: (value, attributes) => counter.inc(labels.of(attributes), value) };
    },
  };
}

/** A metric's name, for a counter without the suffix `_total`. */
function prometheusName(name: string, { unit }: Pick<CounterOptions, 'unit'>): string {
  return `${underscored(name)}${unit === 's' ? '_seconds' : ''}`;
}

function underscored(name: string): string {
  return name.replaceAll('.', '_');
}

class LabelValues {
  readonly names: string[];
  /** A cache, as most calls pass the same object again. */
  readonly #made = new WeakMap<Labels, Record<string, string>>();
  readonly #known: { readonly attribute: string; readonly name: string; readonly values: Set<string> }[];

  constructor(attributes: readonly string[]) {
    this.#known = attributes.map((attribute) => ({
      attribute,
      name: underscored(attribute),
      values: new Set(),
    }));
    this.names = this.#known.map(({ name }) => name);
  }

  of(attributes: Labels = NONE): Record<string, string> {
    const known = this.#made.get(attributes);
    if (known) return known;
    const labels: Record<string, string> = {};
    for (const { attribute, name, values } of this.#known) {
      const value = attributes[attribute];
      if (value !== undefined) labels[name] = bounded(String(value), values);
    }
    this.#made.set(attributes, labels);
    return labels;
  }
}

function bounded(value: string, known: Set<string>): string {
  if (known.has(value)) return value;
  if (known.size >= MOST_VALUES) return OTHER;
  known.add(value);
  return value;
}
