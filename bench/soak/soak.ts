import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServer } from 'selvage/server';
import { Child } from './child';
import type { LoadName } from './load';
import { systemFacts, type OwnFacts } from './process-facts';
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

export interface SoakOptions {
  readonly load: LoadName;
  readonly sampleSeconds: number;
  isOver(sample: Sample): boolean;
}

/** What answers late (an acknowledgement, a heartbeat that is held back) is over by then. */
const SETTLE_MS = 300;

/**
 * The load of `load.ts` until it is over, on an embedded server, one worker process and one client process.
 * Before each look the load comes to rest: what is still there then is there to stay.
 */
export async function soak(
  { load, sampleSeconds, isOver }: SoakOptions,
  hear: (line: string) => void,
): Promise<readonly Sample[]> {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'selvage-soak-'));
  const server = await EmbeddedServer.acquire({ projectDir, log: console });
  const children: { kill(): void }[] = [];
  try {
    const options = { address: server.address, projectDir };
    const worker = await Child.start<WorkerQuestions>('worker', options);
    children.push(worker);
    const client = await Child.start<ClientQuestions>('client', { ...options, load });
    children.push(client);
    const samples: Sample[] = [];
    const since = Date.now();
    let sample: Sample;
    do {
      await client.ask('go');
      await delay(sampleSeconds * 1_000);
      const runs = await client.ask('rest');
      await delay(SETTLE_MS);
      sample = await look((Date.now() - since) / 60_000, runs, server.pid, worker, client);
      samples.push(sample);
      hear(lineOf(sample));
    } while (!isOver(sample));
    await client.stop();
    await worker.stop();
    return samples;
  } finally {
    for (const child of children) child.kill();
    await server.release({ wait: true });
    await rm(projectDir, { recursive: true, force: true });
  }
}

async function look(
  minute: number,
  runs: number,
  serverPid: number,
  worker: Child<WorkerQuestions>,
  client: Child<ClientQuestions>,
): Promise<Sample> {
  const memory: Record<string, number> = {};
  const resident: Record<string, number> = {};
  const handles: Record<string, number> = {};
  for (const [name, child] of [
    ['worker', worker],
    ['client', client],
  ] as const) {
    const { heapBytes, externalBytes, nativeBytes, resources } = await (child as Child<WorkerQuestions>).ask(
      'sample',
    );
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

function lineOf({ minute, runs, memory, resident, handles }: Sample): string {
  const mebibytes = Object.entries({ ...memory, ...resident }).map(
    ([name, bytes]) => `${name} ${(bytes / 1024 / 1024).toFixed(0)}`,
  );
  const counts = Object.entries(handles).map(([name, count]) => `${name} ${count}`);
  return `${minute.toFixed(1)} min, ${runs} runs; MiB: ${mebibytes.join(', ')}; ${counts.join(', ')}`;
}
