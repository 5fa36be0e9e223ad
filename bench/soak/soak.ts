import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServer } from 'selvage/server';
import { Child } from './child';
import type { LoadName } from './load';
import { systemFacts, type OwnFacts } from './process-facts';
import { openSinks, type Sinks } from './sinks';
import type { Passed, SoakStreamOptions } from './stream.process';
import type { Sample } from './verdict';

interface WorkerQuestions {
  sample: OwnFacts;
  stop: void;
}

interface ClientQuestions extends WorkerQuestions {
  go: void;
  /** Answers how many runs have ended. */
  rest: number;
}

interface StreamQuestions {
  sample: OwnFacts;
  go: void;
  rest: Passed;
  stop: Passed;
}

export interface SoakOptions {
  readonly load: LoadName;
  /** Whether a stream is read besides, and all is delivered to emitters of every kind. */
  readonly withStream: boolean;
  readonly sampleSeconds: number;
  isOver(sample: Sample): boolean;
}

/** What answers late (an acknowledgement, a heartbeat that is held back) is over by then. */
const SETTLE_MS = 300;

/**
 * The load of `load.ts` until it is over, on an embedded server, one worker process and one client process; besides, a
 * stream and emitters in a process of their own. Before each look the load comes to rest, and the stream and the emitters
 * catch up: what is still there then is there to stay.
 */
export async function soak(
  { load, withStream, sampleSeconds, isOver }: SoakOptions,
  hear: (line: string) => void,
): Promise<readonly Sample[]> {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'selvage-soak-'));
  const server = await EmbeddedServer.acquire({ projectDir, log: console });
  const children: { kill(): void }[] = [];
  let sinks: Sinks | undefined;
  try {
    sinks = withStream ? await openSinks(hear) : undefined;
    const options = { address: server.address, projectDir };
    const worker = await Child.start<WorkerQuestions>('worker', options);
    children.push(worker);
    const client = await Child.start<ClientQuestions>('client', { ...options, load });
    children.push(client);
    const stream = sinks && (await startStream({ ...options, sinks }));
    if (stream) children.push(stream);
    const samples: Sample[] = [];
    const since = Date.now();
    let sample: Sample;
    do {
      await client.ask('go');
      await stream?.ask('go');
      await delay(sampleSeconds * 1_000);
      const runs = await client.ask('rest');
      const passed = await stream?.ask('rest');
      await delay(SETTLE_MS);
      const processes = { worker, client, ...(stream && { stream }) };
      sample = await look((Date.now() - since) / 60_000, runs, server.pid, processes);
      if (passed) sample = { ...sample, ...passed, requests: sinks!.requests() };
      samples.push(sample);
      hear(lineOf(sample));
    } while (!isOver(sample));
    await client.stop();
    await stream?.stop();
    await worker.stop();
    return samples;
  } finally {
    for (const child of children) child.kill();
    await sinks?.close();
    await server.release({ wait: true });
    await rm(projectDir, { recursive: true, force: true });
  }
}

async function startStream({ sinks, ...options }: SoakStreamOptions): Promise<Child<StreamQuestions>> {
  const { webhook, kafka, valkey } = sinks;
  const addresses = { webhook, ...(kafka && { kafka }), ...(valkey && { valkey }) };
  return await Child.start<StreamQuestions>('stream', { ...options, sinks: addresses });
}

async function look(
  minute: number,
  runs: number,
  serverPid: number,
  processes: Readonly<Record<string, Pick<Child<WorkerQuestions>, 'pid' | 'ask'>>>,
): Promise<Sample> {
  const memory: Record<string, number> = {};
  const resident: Record<string, number> = {};
  const handles: Record<string, number> = {};
  for (const [name, child] of Object.entries(processes)) {
    const { heapBytes, externalBytes, nativeBytes, resources } = await child.ask('sample');
    memory[`${name}: heap`] = heapBytes;
    memory[`${name}: buffers`] = externalBytes;
    resident[`${name}: outside the heap`] = nativeBytes;
    for (const [kind, count] of Object.entries(resources)) handles[`${name}: ${kind}`] = count;
    systemFactsInto(resident, handles, name, child.pid);
  }
  systemFactsInto(resident, handles, 'server', serverPid);
  return { minute, runs, memory, resident, handles };
}

function systemFactsInto(
  resident: Record<string, number>,
  handles: Record<string, number>,
  name: string,
  pid: number,
): void {
  const { rssBytes, files } = systemFacts(pid);
  resident[`${name}: resident memory`] = rssBytes;
  handles[`${name}: open files`] = files;
}

function lineOf({
  minute,
  runs,
  memory,
  resident,
  handles,
  lines,
  spans,
  requests,
  catchUpMs,
}: Sample): string {
  const mebibytes = Object.entries({ ...memory, ...resident }).map(
    ([name, bytes]) => `${name} ${(bytes / 1024 / 1024).toFixed(0)}`,
  );
  const counts = Object.entries(handles).map(([name, count]) => `${name} ${count}`);
  const passed =
    catchUpMs === undefined
      ? ''
      : `, ${lines} lines, ${spans} spans, ${requests} webhooks, caught up in ${(catchUpMs / 1_000).toFixed(1)} s`;
  return `${minute.toFixed(1)} min, ${runs} runs${passed}; MiB: ${mebibytes.join(', ')}; ${counts.join(', ')}`;
}
