import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkflowClient } from '@temporalio/client';

import type { StreamOptions } from '../../../src';
import { Selvage } from '../../../src/client';
import { streamWorkflowId } from '../../../src/connection/streams';
import type { Backends, StartLedger } from '../../../src/ports';
import { runStream, type RunStreamOptions } from '../../../src/serve';
import { streamName } from '../../../src/streams';
import { withMethods } from '../../support/with-methods';
import { checkRun, type Checked, type Digest, type Evidence } from './check';
import { mixedTapestry, type Mix, type MixParameters, type MixPlace } from './mix';
import type { Scene } from './scene';
import { workerIdentity } from './worker-identity';

/**
 * Mixes whose work is done for each element of a stream. Each worker of such a scenario reads the stream, or stands by; the client waits
 * for its end.
 */
export interface ElementsOf {
  readonly count: number;
  readonly options: Pick<StreamOptions, 'batch' | 'concurrency' | 'order'>;
  /** Elements of one rest of a division by this have one key. */
  readonly keys?: number;
}

/** Parameters of one element's run, which counts from 1, as its offset does. */
function parametersOf(element: number, { size }: MixParameters): MixParameters {
  return { x: element, size };
}

/** Blows are aimed at elements by these names. */
export function elementNames({ count }: ElementsOf): string[] {
  return Array.from({ length: count }, (_, index) => `element-${index + 1}`);
}

const LOOK_MS = 50;
const ASK_AGAIN_MS = 200;

interface Reading {
  readonly folder: string;
  readonly mix: Mix;
  readonly place: MixPlace;
  readonly parameters: MixParameters;
  readonly id: string;
  readonly scene: Scene;
  readonly connect: Pick<RunStreamOptions, 'address' | 'backends' | 'workerOptions' | 'runLimits' | 'signal'>;
}

/** Reads the stream, or stands by, until it ends or the signal is aborted. */
export async function readElements({
  folder,
  mix,
  place,
  parameters,
  id,
  scene,
  connect,
}: Reading): Promise<void> {
  const { count, options, keys } = mix.elements!;
  const { backends } = connect;
  const values = Array.from({ length: count }, (_, index) => parametersOf(index + 1, parameters));
  const over = new AbortController();
  if (scene.strikesAt('after-checkpoint')) void strikeSaved(id, scene, connect, over.signal);
  try {
    await runStream(values, mixedTapestry(mix, place), {
      ...options,
      ...(keys !== undefined && { key: ({ x }: MixParameters) => String(x % keys) }),
      ...connect,
      id,
      resources: { scene } as never,
      backends: { ...backends!, startLedger: struckLedger(backends!.startLedger, scene) },
      onResult: async ({ values: { end } }, { value: { x } }, { runId }) => {
        await scene.holdElement(x);
        await scene.holdBehindCheckpoint(x, connect.signal!);
        appendFileSync(resultsFile(folder), `${JSON.stringify([runId, x, end])}\n`);
        strike(scene, 'element-delivered', x);
        setImmediate(() => strike(scene, 'before-checkpoint', x));
      },
    });
  } finally {
    over.abort();
  }
}

/** A blow that is aimed at an element falls at the first that is not before it: which ones come here depends on batches. */
function strike(scene: Scene, point: Parameters<Scene['strike']>[0], element: number): void {
  for (let n = 1; n <= element; n++) scene.strike(point, `element-${n}`);
}

function struckLedger(ledger: StartLedger, scene: Scene): StartLedger {
  return withMethods<StartLedger>(ledger, {
    async claim(claims) {
      const results = await ledger.claim(claims);
      for (const { inserted, entry } of results)
        if (inserted) strike(scene, 'element-claimed', Number(entry.key));
      return results;
    },
    async markStarted(keys) {
      for (const { key } of keys) strike(scene, 'element-started', Number(key));
      await ledger.markStarted(keys);
    },
  });
}

/** Dies when the server knows how far this process has come. The server may be down just now. */
async function strikeSaved(
  id: string,
  scene: Scene,
  { address, backends }: Reading['connect'],
  signal: AbortSignal,
): Promise<void> {
  let selvage: Selvage | undefined;
  while (!signal.aborted) {
    await sleep(LOOK_MS);
    try {
      selvage ??= await Selvage.connect({ address: address!, backends: backends! });
      const state = await selvage.streams.status(id);
      if (state.readBy === workerIdentity(process.pid)) strike(scene, 'after-checkpoint', state.ok);
    } catch {
      await sleep(ASK_AGAIN_MS);
    }
  }
  await selvage?.close();
}

/** Waits for the end of a stream, which workers begin. A server that is away is waited for. */
export async function endOfElements({ client }: Selvage, id: string, begun: () => void): Promise<void> {
  const handle = client.workflow.getHandle(streamWorkflowId(id));
  for (;;) {
    try {
      await handle.describe();
      break;
    } catch {
      await sleep(ASK_AGAIN_MS);
    }
  }
  begun();
  await handle.result();
}

/** The process of the worker that has answered the last task of the stream's workflow. */
export async function answererOf(client: WorkflowClient, id: string): Promise<number | undefined> {
  const { events } = await client.getHandle(streamWorkflowId(id)).fetchHistory();
  const answered = events?.findLast((event) => event.workflowTaskCompletedEventAttributes);
  const identity = answered?.workflowTaskCompletedEventAttributes?.identity;
  return identity ? Number(identity.split('-').at(-1)) : undefined;
}

function resultsFile(folder: string): string {
  return path.join(folder, 'results');
}

type Result = readonly [runId: string, element: number, end: number];

/** One run for each element, or for each batch, which came to what it would have come to; and results in order where that is asked. */
export async function checkElements(
  backends: Backends,
  folder: string,
  id: string,
  { elements }: Mix,
  evidence: Evidence,
): Promise<Checked & { readonly runIds: readonly string[] }> {
  const { count, options, keys = 1 } = elements!;
  const problems: string[] = [];
  const file = resultsFile(folder);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const results = lines.map((line) => JSON.parse(line) as Result);
  const runOf = new Map<number, string>();
  for (const [runId, element] of results) {
    if ((runOf.get(element) ?? runId) !== runId)
      problems.push(`element ${element} has results of two runs, ${runOf.get(element)} and ${runId}`);
    runOf.set(element, runId);
  }
  // At least once each, and the first time of each in order.
  const firsts = [...runOf.keys()];
  const lanes = options.order === 'all' ? 1 : options.order === 'key' ? keys : 0;
  for (let lane = 0; lane < lanes; lane++) {
    const own = firsts.filter((element) => element % lanes === lane);
    if (own.some((element, n) => n > 0 && element < own[n - 1]!))
      problems.push(`results came in another order than elements: ${own.join(', ')}`);
  }
  for (let element = 1; element <= count; element++)
    if (!runOf.has(element)) problems.push(`element ${element} has no result`);

  const started = new Map<string, number[]>();
  for (const [element, runId] of runOf) started.set(runId, [...(started.get(runId) ?? []), element]);
  const { items } = await backends.runHistory.listRuns({ trigger: streamName(id), limit: 1_000 });
  for (const { run_id: runId } of items)
    if (!started.has(runId)) problems.push(`the run ${runId} of the stream is for no element`);
  const digest = new Map<string, string>();
  let overlaps = 0;
  for (const [runId, own] of started) {
    const checked = await checkRun(backends, runId, evidence);
    problems.push(...checked.problems);
    overlaps += checked.overlaps;
    own.sort((a, b) => a - b);
    for (const [knot, outcome] of checked.digest) {
      const [place, name] = own.length > 1 ? placed(knot) : [0, knot];
      for (const element of place === undefined ? own : [own[place] ?? runId])
        digest.set(`${element}: ${name}`, outcome);
    }
  }
  return { digest, problems, overlaps, runIds: [...started.keys()] };
}

/** The place of a knot's element in its batch, and its name there: `e3.left`. The run itself has no place. */
function placed(knot: string): [place: number | undefined, name: string] {
  const [, parameter = '', place, name] = /^(param:)?e(\d+)\.(.*)$/.exec(knot) ?? [];
  return place === undefined ? [undefined, knot] : [Number(place), `${parameter}${name}`];
}

/** What all elements together come to, from what each comes to alone. */
export async function expectedOfElements(
  { elements }: Mix,
  parameters: MixParameters,
  alone: (parameters: MixParameters) => Promise<Digest>,
): Promise<Digest> {
  const digest = new Map<string, string>();
  for (let element = 1; element <= elements!.count; element++)
    for (const [knot, outcome] of await alone(parametersOf(element, parameters)))
      digest.set(`${element}: ${knot}`, outcome);
  return digest;
}
