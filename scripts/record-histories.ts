/**
 * Runs the shapes of test/replay/shapes.ts on a real server and stores the history of each execution, for the replay tests.
 * Run it when the interpreter has changed (CONTRIBUTING.md says when): `npx tsx scripts/record-histories.ts`. Names of shapes after it:
 * only these. Histories of older behaviours stay as they are.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Selvage } from '../src/client';
import { NEWEST_BEHAVIOUR } from '../src/workflows/behaviours';
import { childRunId } from '../src/workflows/child-run-id';
import { MEMO_KEY, type RunMemo } from '../src/workflows/messages';
import { SHAPES, type Shape } from '../test/replay/shapes';
import { loseActivity } from '../test/support/lose-activity';

const ROOT = join(__dirname, '..');
/** Shared by all shapes. */
const TASK_QUEUE = 'selvage';
const FOLDER = join(ROOT, 'test/replay/histories', `behaviour-${NEWEST_BEHAVIOUR}`);

async function main(): Promise<void> {
  const projectDir = mkdtempSync(join(tmpdir(), 'selvage-histories-'));
  mkdirSync(FOLDER, { recursive: true });
  const selvage = await Selvage.open({
    tapestries: SHAPES.flatMap(({ tapestry }) => tapestry ?? []),
    taskQueue: TASK_QUEUE,
    projectDir,
  });
  try {
    const names = process.argv.slice(2);
    for (const shape of SHAPES) {
      if (names.length === 0 || names.includes(shape.name)) await record(selvage, shape);
    }
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
  let runId: string | undefined = first;
  for (let execution = 0; runId; execution++) {
    const history = await selvage.client.workflow.getHandle(workflowId, runId).fetchHistory();
    writeFileSync(
      join(FOLDER, `${name}-${execution}.json.gz`),
      gzipSync(withoutPlace(historyToJSON(history)), { level: 9 }),
    );
    runId =
      history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
}

async function start(
  selvage: Selvage,
  { name, tapestry, parameters, deadline, limits, resumes }: Shape,
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
