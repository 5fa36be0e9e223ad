import path from 'node:path';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, BatchSpanProcessor, InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { openTelemetryEmitter, type AnyTapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { selvageIdGenerator } from 'selvage/open-telemetry';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { Stage } from '../temporal/stage';
import type { Workload } from '../temporal/workload';
import { CHAIN_100, LOCAL_FAN_OUT_1000 } from '../temporal/workloads';

/** Runs with a trace each, delivered while they run, against the same runs without OpenTelemetry. */
export const openTelemetry: Benchmark = {
  name: 'feed: OpenTelemetry',
  run: async ({ repetitions }) => {
    const stage = await Stage.open();
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      idGenerator: selvageIdGenerator(),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    trace.setGlobalTracerProvider(provider);
    try {
      return [
        await against(stage, exporter, CHAIN_100, 1.05, repetitions),
        await against(stage, exporter, LOCAL_FAN_OUT_1000, 1.3, repetitions),
      ];
    } finally {
      trace.disable();
      await provider.shutdown();
      await stage.close();
    }
  },
};

async function against(
  stage: Stage,
  exporter: InMemorySpanExporter,
  { name, tapestry, knots }: Workload,
  limit: number,
  repetitions: number,
): Promise<Row> {
  const work = tapestry();
  const off = await opened(stage, `off-${knots}`, work, false);
  const on = await opened(stage, `on-${knots}`, work, true);
  const run = async ({ client }: Opened): Promise<void> => {
    await (await client.start(work, { start: 1 })).values();
  };
  let spans = 0;
  try {
    const times = await compare(
      repetitions,
      async () => {
        // Bodies ask for it: without one, a process has no traces as far as they are concerned.
        context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
        await run(on);
        context.disable();
        spans += exporter.getFinishedSpans().length;
        exporter.reset();
      },
      () => run(off),
    );
    const [with_, without] = [median(times.ours), median(times.raw)];
    return limited(
      `OpenTelemetry over none, ${name}`,
      with_ / without,
      limit,
      '×',
      { on: times.ours, off: times.raw, spans },
      `${readable(with_)} and ${readable(without)} ms, ${spans} spans`,
    );
  } finally {
    for (const { close } of [on, off]) await close();
  }
}

interface Opened {
  readonly client: Selvage;
  close(): Promise<void>;
}

async function opened(stage: Stage, name: string, work: AnyTapestry, isOn: boolean): Promise<Opened> {
  const projectDir = path.join(stage.folder, name);
  const backends = await openBackends({ url: 'sqlite:.selvage/selvage.db', projectDir });
  const client = await Selvage.open({
    address: stage.selvage.location.address,
    taskQueue: name,
    backends,
    tapestries: [work],
    emitters: isOn ? [openTelemetryEmitter()] : false,
  });
  return {
    client,
    close: async () => {
      await client.close();
      await backends.close();
    },
  };
}
