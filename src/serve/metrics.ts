import type { Registry } from 'prom-client';
import { SelvageError } from '../errors';
import { WorkMetrics, type WorkCounts } from '../metrics';
import { loadOptional } from '../node/optional-package';
import type { TriggerMetrics } from '../triggers';
import { prometheusInstruments } from './prometheus';

interface CountedTrigger extends TriggerMetrics {
  restarted(): void;
}

/** A gauge that is read whenever the metrics are read. */
interface SampledGauge {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** A rejection means no samples now. */
  read(): Promise<readonly Sample[]>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  of(trigger: string): CountedTrigger;
  /** Instruments of this process's worker. Undefined if the library `prom-client` is not installed. */
  readonly work: WorkCounts | undefined;
  /** @returns removes the gauge */
  sample(gauge: SampledGauge): () => void;
  /** Prometheus' text format; undefined if the library is not installed. */
  read(): Promise<{ readonly contentType: string; readonly text: string } | undefined>;
}

const RESULTS = ['started', 'duplicate', 'conflict', 'filtered', 'refused', 'unreadable', 'lost'] as const;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A registry accepts each name only once. */
const known = new WeakMap<Registry, Metrics>();

/**
 * Counts by `prom-client` if that is installed, else nothing is counted.
 *
 * @param registry of the process; default: a new one, with the library's default metrics
 */
export async function createMetrics(registry?: Registry): Promise<Metrics> {
  const library = load();
  if (!library) return NO_METRICS;
  const { Counter, Gauge, Histogram, collectDefaultMetrics } = library;
  const register = registry ?? new library.Registry();
  const existing = known.get(register);
  if (existing) return existing;
  if (!registry) collectDefaultMetrics({ register });
  const registers = [register];
  const events = new Counter({
    name: 'selvage_trigger_events_total',
    help: `Events by what became of them: ${RESULTS.join(', ')}`,
    labelNames: ['trigger', 'result'],
    registers,
  });
  const deadLetters = new Counter({
    name: 'selvage_trigger_dead_letters_total',
    help: 'Events that can start no run, put where dead letters are',
    labelNames: ['trigger'],
    registers,
  });
  const gaps = new Counter({
    name: 'selvage_trigger_gaps_total',
    help: 'Times without a subscription, in which nobody knows how many events were lost',
    labelNames: ['trigger'],
    registers,
  });
  const restarts = new Counter({
    name: 'selvage_trigger_restarts_total',
    help: 'How often a trigger had ended and was started again',
    labelNames: ['trigger'],
    registers,
  });
  const lag = new Gauge({
    name: 'selvage_trigger_lag_events',
    help: 'Events that wait, by what the trigger reads',
    labelNames: ['trigger', 'of'],
    registers,
  });
  const latency = new Histogram({
    name: 'selvage_trigger_start_seconds',
    help: 'Seconds from the arrival of an event to its accepted start',
    labelNames: ['trigger'],
    buckets: SECONDS,
    registers,
  });
  const sampled = new Map<string, Set<SampledGauge>>();
  const metrics: Metrics = {
    work: new WorkMetrics(prometheusInstruments(library, registers)),
    sample(gauge) {
      const { name, help, labelNames } = gauge;
      const readers = sampled.get(name) ?? new Set();
      if (!sampled.has(name)) {
        sampled.set(name, readers);
        const made = new Gauge({ name, help, labelNames: [...labelNames], registers, collect });
        async function collect(): Promise<void> {
          const read = await Promise.all([...readers].map((reader) => reader.read().catch(() => [])));
          made.reset();
          for (const { labels, value } of read.flat()) made.set(labels, value);
        }
      }
      readers.add(gauge);
      return () => void readers.delete(gauge);
    },
    of: (trigger) => {
      // A series starts at 0: an alert by `increase` misses a series that appears at 1.
      for (const result of RESULTS) events.inc({ trigger, result }, 0);
      for (const counter of [deadLetters, gaps, restarts]) counter.inc({ trigger }, 0);
      return {
        count: (result, count = 1) => {
          if (result === 'dead-letter') deadLetters.inc({ trigger }, count);
          else if (result === 'gap') gaps.inc({ trigger }, count);
          else events.inc({ trigger, result }, count);
        },
        lag: (of, count) => lag.set({ trigger, of }, count),
        latency: (seconds) => latency.observe({ trigger }, seconds),
        restarted: () => restarts.inc({ trigger }),
      };
    },
    read: async () => ({ contentType: register.contentType, text: await register.metrics() }),
  };
  known.set(register, metrics);
  return metrics;
}

const UNCOUNTED: CountedTrigger = { count() {}, lag() {}, latency() {}, restarted() {} };
const NO_METRICS: Metrics = {
  of: () => UNCOUNTED,
  work: undefined,
  sample: () => () => {},
  read: async () => undefined,
};

function load(): typeof import('prom-client') | undefined {
  try {
    return loadOptional('prom-client', { by: 'Counting for Prometheus' });
  } catch (error) {
    if (SelvageError.is(error, 'MissingPackage')) return undefined;
    throw error;
  }
}
