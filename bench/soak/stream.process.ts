/** Program: reads a stream and delivers to emitters of every kind, the same process from the soak's start to its end. */
import { appendFileSync, createWriteStream, renameSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import {
  FileTailSource,
  kafkaEmitter,
  logEmitter,
  openLineageEmitter,
  openTelemetryEmitter,
  valkeyEmitter,
  webhookEmitter,
  type EmitterDeclaration,
} from 'selvage';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { selvageIdGenerator } from 'selvage/open-telemetry';
import { Deliveries, runStream } from 'selvage/serve';
import { answering } from './child';
import { ownFacts } from './process-facts';
import { TOPIC, type Sinks } from './sinks';
import { lines } from './tapestries';
import type { SoakProcessOptions } from './worker.process';

export interface SoakStreamOptions extends SoakProcessOptions {
  readonly sinks: Pick<Sinks, 'kafka' | 'valkey' | 'webhook'>;
}

/** What has passed through, at rest: nothing is behind. */
export interface Passed {
  /** Lines that were written, each of which has had one result. */
  readonly lines: number;
  readonly spans: number;
  /** From the last line and the last run until the stream and all emitters had caught up. */
  readonly catchUpMs: number;
}

const STREAM = 'soak';
/** A burst of lines after so long, of 1 to {@link LARGEST_BURST}. */
const PACE_MS = 500;
const LARGEST_BURST = 24;
const LINES_PER_FILE = 600;
/** Lines come again: a worker remembers 24 MiB of values that it has just committed, and takes hours to fill that with lines. */
const VARIANTS = 97;
/** Whoever is still behind after this does not catch up. */
const CATCH_UP_LIMIT_MS = 120_000;
const EXPORT_MS = 5_000;

const ignore = (): void => {};
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function main({ address, projectDir, sinks }: SoakStreamOptions): Promise<void> {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  const tracing = startTracing();
  const backends = await openBackends({ projectDir });
  const log = path.join(projectDir, 'events.log');
  const emitters = emittersFor(sinks, projectDir, log);
  const deliveries = await Deliveries.start({ backends, emitters, logger: SILENT, projectDir });
  const selvage = await Selvage.connect({ address, projectDir });

  const writer = new Writer(path.join(projectDir, 'lines.log'));
  const stopping = new AbortController();
  let done = 0;
  const ended = runStream(new FileTailSource({ path: writer.file, leaveAfter: 2_000 }), lines, {
    id: STREAM,
    parameter: 'line',
    order: 'all',
    batch: 16,
    address,
    projectDir,
    backends,
    emitters: false,
    logger: SILENT,
    signal: stopping.signal,
    onResult: () => void (done += 1),
  });
  ended.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  // Also when the soak is broken off, which tells nobody.
  process.once('disconnect', () => process.exit());

  let spans = 0;
  const rest = async (): Promise<Passed> => {
    await writer.rest();
    const since = performance.now();
    await until(`the stream has done ${writer.lines} lines`, () => {
      if (done > writer.lines) throw new Error(`${writer.lines} lines were written, and ${done} came.`);
      return done === writer.lines ? [] : [`${done} are done`];
    });
    await until('the emitters have heard of all', () => deliveries.drained(1_000));
    const catchUpMs = performance.now() - since;
    spans += await tracing.take();
    // It is written as one is whose writer does not know of rotation.
    truncateSync(log);
    return { lines: writer.lines, spans, catchUpMs };
  };
  answering({
    go: () => writer.go(),
    rest,
    sample: ownFacts,
    async stop() {
      const passed = await rest();
      await until('the stream reports no lag', async () => {
        const { lag, inFlight } = await selvage.streams.status(STREAM);
        return lag?.amount === 0 && inFlight === 0 ? [] : [JSON.stringify({ lag, inFlight })];
      });
      stopping.abort();
      await ended;
      await deliveries.stop();
      await selvage.close();
      await backends.close();
      return passed;
    },
  });
}

/** Waits until nothing is missing. */
async function until(what: string, missing: () => string[] | Promise<string[]>): Promise<void> {
  const last = performance.now() + CATCH_UP_LIMIT_MS;
  for (;;) {
    const still = await missing();
    if (still.length === 0) return;
    if (performance.now() > last) {
      throw new Error(`Not within ${CATCH_UP_LIMIT_MS / 1_000} s: ${what}. Behind: ${still.join(', ')}.`);
    }
    await delay(20);
  }
}

/** All kinds, as far as there is a sink. */
function emittersFor(
  { webhook, kafka, valkey }: SoakStreamOptions['sinks'],
  projectDir: string,
  log: string,
): EmitterDeclaration[] {
  const file = createWriteStream(log, { flags: 'a' });
  const write = (fields: unknown, message?: string): void =>
    void file.write(`${JSON.stringify({ ...(fields as object), msg: message })}\n`);
  process.env['SOAK_KAFKA_BROKERS'] = kafka;
  process.env['SOAK_VALKEY'] = valkey;
  return [
    logEmitter({ logger: { debug: write, info: write, warn: write, error: write } }),
    webhookEmitter({
      url: webhook,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      allowPrivateNetworks: true,
      // A request each, of which a run has many more.
      filter: { types: ['run-started', 'run-ended'] },
    }),
    openTelemetryEmitter(),
    openLineageEmitter({ namespace: 'soak', file: path.join(projectDir, 'lineage.ndjson') }),
    ...(kafka
      ? [
          kafkaEmitter({
            topics: { status: TOPIC, lineage: TOPIC, result: TOPIC },
            connection: 'SOAK_KAFKA',
            payloads: true,
            payloadLimit: 1_024,
          }),
        ]
      : []),
    ...(valkey
      ? [valkeyEmitter({ stream: 'soak', maxLength: 1_000, channel: 'soak', connection: 'SOAK_VALKEY' })]
      : []),
  ];
}

function startTracing(): { take(): Promise<number> } {
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({
    idGenerator: selvageIdGenerator(),
    spanProcessors: [new BatchSpanProcessor(spans)],
  });
  const measures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: measures, exportIntervalMillis: EXPORT_MS })],
  });
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
  return {
    /** Forgets the spans that have come, and returns how many they were. */
    async take() {
      await tracers.forceFlush();
      await meters.forceFlush();
      const count = spans.getFinishedSpans().length;
      spans.reset();
      measures.reset();
      return count;
    },
  };
}

/** Writes lines in bursts into a file that is rotated, until it is told to rest. */
class Writer {
  lines = 0;
  private bursts = 0;
  private isResting = true;
  private writing: Promise<void> = Promise.resolve();

  constructor(readonly file: string) {
    appendFileSync(file, '');
  }

  go(): void {
    this.isResting = false;
    this.writing = this.write();
  }

  async rest(): Promise<void> {
    this.isResting = true;
    await this.writing;
  }

  private async write(): Promise<void> {
    while (!this.isResting) {
      const burst = 1 + ((this.bursts++ * 7) % LARGEST_BURST);
      let text = '';
      for (let index = 0; index < burst; index++) text += `GET /orders/${this.lines++ % VARIANTS} 200\n`;
      appendFileSync(this.file, text);
      if (Math.floor(this.lines / LINES_PER_FILE) !== Math.floor((this.lines - burst) / LINES_PER_FILE)) {
        renameSync(this.file, `${this.file}.1`);
        appendFileSync(this.file, '');
      }
      await delay(PACE_MS);
    }
  }
}

main(JSON.parse(process.argv[2]!) as SoakStreamOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
