/**
 * Runs the shapes of test/replay/shapes.ts and the table of test/replay/crossed.ts on a real server and stores the history of each execution,
 * for the replay tests. Run it when the interpreter has changed (CONTRIBUTING.md says when): `npx tsx scripts/record-histories.ts`. Names
 * of shapes, or files of the table such as crossed-map, after it: only these. Histories of older behaviours stay as they are.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Selvage } from '../src/client';
import { inParallel } from '../src/values/in-parallel';
import { NEWEST_BEHAVIOUR } from '../src/workflows/behaviours';
import { childRunId } from '../src/workflows/child-run-id';
import { MEMO_KEY, type RunMemo } from '../src/workflows/messages';
import { CROSSED, ELSEWHERE, MORE, NONSENSE, holds, type Blow, type Crossed } from '../test/replay/crossed';
import { SHAPES, type Shape } from '../test/replay/shapes';
import { loseActivity } from '../test/support/lose-activity';
import { loseRecords } from '../test/support/lose-records';
import { until } from '../test/support/until';

const ROOT = join(__dirname, '..');
/** Shared by all shapes. */
const TASK_QUEUE = 'selvage';
const FOLDER = join(ROOT, 'test/replay/histories', `behaviour-${NEWEST_BEHAVIOUR}`);

/** Runs of the table that are under way at once. */
const AT_ONCE = 8;

async function main(): Promise<void> {
  const projectDir = mkdtempSync(join(tmpdir(), 'selvage-histories-'));
  mkdirSync(FOLDER, { recursive: true });
  const names = process.argv.slice(2);
  const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
  const shapes = SHAPES.filter(({ name }) => isWanted(name));
  const crossed = CROSSED.filter(({ kind }) => isWanted(`crossed-${kind}`));
  const selvage = await Selvage.open({
    tapestries: [...new Set([...shapes, ...crossed].flatMap(({ tapestry }) => tapestry ?? []))],
    taskQueue: TASK_QUEUE,
    taskQueues: [TASK_QUEUE, ELSEWHERE],
    projectDir,
  });
  try {
    for (const shape of shapes) await record(selvage, shape);
    await recordTable(selvage, crossed);
  } finally {
    await selvage.close();
    rmSync(projectDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function record(selvage: Selvage, shape: Shape): Promise<void> {
  const { name, cancel, loses, children = [], signals = [] } = shape;
  const workflow = await start(selvage, shape);
  const run = selvage.getRun(name);
  if (loses !== undefined) await loseActivity(selvage.client, loses);
  for (const { name: signal, payload, raw } of signals) {
    if (raw) await workflow.signal(signal, payload);
    // Some of them are wrong.
    else await run.signal(signal, payload).catch((error: Error) => console.log(error.message));
  }
  if (cancel) {
    for await (const { running } of run.progress()) {
      if (running.length > 0) break;
    }
    await run.cancel();
  }
  await workflow.result().catch(() => undefined);
  await store(selvage, name, (await run.status()).run.temporal_run_id, name);
  for (const knot of children) {
    const child = selvage.client.workflow.getHandle(childRunId(name, knot));
    await child.result().catch(() => undefined);
    await store(
      selvage,
      child.workflowId,
      (await child.describe()).runId,
      `${name}-of-${knot.replaceAll('/', '-')}`,
    );
  }
  console.log(`stored ${name}`);
}

async function store(selvage: Selvage, workflowId: string, first: string, name: string): Promise<void> {
  for (const [execution, history] of (await historiesOf(selvage, workflowId, first)).entries())
    writeFileSync(join(FOLDER, `${name}-${execution}.json.gz`), gzipSync(history, { level: 9 }));
}

/** Of all executions of the chain, as JSON. */
async function historiesOf(selvage: Selvage, workflowId: string, first: string): Promise<string[]> {
  const histories: string[] = [];
  let runId: string | undefined = first;
  while (runId) {
    const history = await selvage.client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(withoutPlace(historyToJSON(history)));
    runId =
      history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return histories;
}

/** Histories by name: those of one kind are stored together, as they repeat much of one another. */
type Kept = Record<string, { readonly events: readonly HistoryEvent[] }>;

async function recordTable(selvage: Selvage, runs: readonly Crossed[]): Promise<void> {
  const byKind = new Map<string, Kept>();
  const recordAll = (some: readonly Crossed[]): Promise<void> =>
    inParallel(some, AT_ONCE, async (crossed) => {
      const kept = await recordCrossed(selvage, crossed);
      byKind.set(crossed.kind, { ...byKind.get(crossed.kind), ...kept });
      console.log(`stored ${crossed.name}: ${Object.keys(kept).length}`);
    });
  await recordAll(runs.filter(({ after }) => after === undefined));
  await recordAll(runs.filter(({ after }) => after !== undefined));
  for (const [kind, kept] of byKind) {
    const text = JSON.stringify(Object.fromEntries(Object.entries(kept).sort()));
    const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
    writeFileSync(join(FOLDER, `crossed-${kind}.json.br`), brotliCompressSync(text, { params }));
  }
}

async function recordCrossed(selvage: Selvage, crossed: Crossed): Promise<Kept> {
  const { name, blows, waits, needsGo } = crossed;
  const workflow = await start(selvage, crossed);
  const run = selvage.getRun(name);
  if (blows.length > 0) {
    await until(`${name} is held`, async () => {
      if (!waits) return holds.isHeld(name);
      return (await run.status().catch(() => undefined))?.live?.waits?.some(
        ({ knotId }) => knotId === 'good',
      );
    });
    for (const blow of blows) await BLOWS[blow](selvage, name);
  }
  if (crossed.deadline === undefined) holds.release(name);
  if (needsGo) await run.signal('go', 5).catch(() => undefined);
  await workflow.result().catch(() => undefined);
  const kept: Kept = {};
  const open = [{ workflowId: name, runId: (await run.status()).run.temporal_run_id }];
  for (let next = open.shift(); next; next = open.shift()) {
    const { workflowId, runId } = next;
    await selvage.client.workflow
      .getHandle(workflowId, runId)
      .result()
      .catch(() => undefined);
    for (const text of await historiesOf(selvage, workflowId, runId)) {
      const history = JSON.parse(text) as Kept[string];
      // A child run may have been begun twice.
      kept[`${name}-${Object.keys(kept).length} of ${workflowId}`] = history;
      for (const { childWorkflowExecutionStartedEventAttributes: started } of history.events)
        if (started) open.push(started.workflowExecution);
    }
  }
  return kept;
}

/** Of an event's JSON, what is looked at here. */
interface HistoryEvent {
  readonly childWorkflowExecutionStartedEventAttributes?: {
    readonly workflowExecution: { readonly workflowId: string; readonly runId: string };
  };
}

/** Long enough for a run of the table to have ended everything but what is held, and to have continued as new. */
const REST_MS = 3_000;

const BLOWS: Readonly<Record<Blow, (selvage: Selvage, name: string) => Promise<unknown>>> = {
  rest: () => delay(REST_MS),
  cancel: (selvage, name) => selvage.getRun(name).cancel(),
  terminate: (selvage, name) => selvage.client.workflow.getHandle(childRunId(name, 'good')).terminate(),
  lose: (selvage, name) => loseRecords(selvage.backends, name, { knots: ['before', 'bad'] }),
  extend: async (selvage, name) => {
    const run = selvage.getRun(name);
    await run.extend(MORE);
    await run.extend(NONSENSE).catch(tellOf);
  },
  signal: async (selvage, name) => {
    const run = selvage.getRun(name);
    const send = (signal: string, payload: unknown, id: string): Promise<unknown> =>
      run.signal(signal, payload, { id }).catch(tellOf);
    const workflow = selvage.client.workflow.getHandle(name);
    await send('word', 'not a number', 'wrong');
    await send('nothing', 1, 'unknown');
    await workflow.signal('word', 'not a number');
    await Promise.all([send('word', 7, 'first'), send('word', 7, 'first'), send('word', 8, 'second')]);
    await workflow.signal('word', 9);
    await send('word', 7, 'first');
  },
};

/** Some of what is asked of a run is wrong. */
function tellOf(error: Error): void {
  console.log(error.message);
}

async function start(
  selvage: Selvage,
  { name, tapestry, parameters, deadline, limits, resumes }: Omit<Shape, 'signals'>,
): Promise<WorkflowHandle> {
  if (resumes !== undefined) {
    await selvage.resume(resumes, { runId: name });
  } else {
    const memo: RunMemo = {
      ...(limits && { limits }),
      ...(deadline !== undefined && { deadline: Date.now() + deadline }),
    };
    // Parameters that the client would refuse go in as Temporal's own tools would send them.
    await selvage.client.workflow.start(tapestry!.name, {
      workflowId: name,
      taskQueue: TASK_QUEUE,
      args: [parameters],
      memo: { [MEMO_KEY]: memo },
    });
  }
  return selvage.client.workflow.getHandle(name);
}

/** Stack traces, in payloads too, tell where this checkout and its packages are: made relative to it. */
function withoutPlace(history: string): string {
  const roots = [ROOT, dirname(realpathSync(join(ROOT, 'node_modules')))];
  const relative = (text: string): string =>
    roots.reduce((rest, root) => rest.replaceAll(`${root}/`, ''), text);
  return JSON.stringify(JSON.parse(history), (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (key !== 'data') return relative(value);
    return Buffer.from(relative(Buffer.from(value, 'base64').toString('latin1')), 'latin1').toString(
      'base64',
    );
  });
}

void main();
