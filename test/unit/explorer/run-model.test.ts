import type { WaitingCode, WaitingKnot } from '../../../src/connection/explain/waiting';
import type { LiveMessage } from '../../../src/explorer/contract';
import { RunModel } from '../../../src/explorer/page/run/run-model';
import { bannerOf } from '../../../src/explorer/page/run/waits';
import { closedOf, closedText } from '../../../src/explorer/page/run/closed-groups';
import { stepFrom } from '../../../src/explorer/page/graph/walk';
import type { GraphKnot, GraphState, RunGraph } from '../../../src/authoring/run-graph';

const ok = (finishedAt = 9): GraphState => ({
  outcome: 'ok',
  scheduledAt: 0,
  startedAt: 1,
  finishedAt,
  attempt: 1,
});
const knot = (id: string, parents: readonly number[], more: Partial<GraphKnot> = {}): GraphKnot => ({
  id,
  kind: 'knot',
  configHash: '',
  inputs: parents.map((from) => ({ name: `${from}`, from })),
  ...more,
});
const graph: RunGraph = {
  tapestry: 't',
  planHash: '',
  knots: [knot('a', [], { state: ok() }), knot('m', [0], { kind: 'map' }), knot('constructor', [0, 1])],
};
const finished = (id: string, state: GraphState): LiveMessage => ({
  kind: 'knot-finished',
  runId: 'r',
  temporalRunId: '',
  tapestry: 't',
  knotId: id,
  state,
  at: 0,
});

const wait = (code: WaitingCode, message: string, more: Partial<WaitingKnot> = {}): WaitingKnot => ({
  knotId: 'm',
  state: 'queued',
  reason: { code, message },
  ...more,
});

describe('a run as the page holds it', () => {
  it('counts how its knots stand, and tells which have changed', () => {
    const model = new RunModel(graph, { m: wait('Running', '', { state: 'running', since: 1 }) });
    expect(model.marks.map(({ status }) => status)).toEqual(['ok', 'running', 'pending']);
    const changes: (readonly number[])[] = [];
    const end = model.onChange((knots) => changes.push(knots));
    model.apply([finished('m', ok()), finished('m', ok()), finished('unknown', ok())]);
    expect(model.marks.map(({ status }) => status)).toEqual(['ok', 'ok', 'pending']);
    expect(model.counts).toMatchObject({ ok: 2, pending: 1, running: 0 });
    end();
    model.apply([finished('constructor', { ...ok(), outcome: 'err' })]);
    expect(changes).toEqual([[1]]);
    expect(model.counts.failed).toBe(1);
  });

  it('marks a running knot as slow when its time comes', () => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000);
    const waiting = { b: wait('Running', '', { state: 'running', since: 0 }) };
    const running = { ...graph, knots: [knot('b', [], { definition: 'load' })] };
    const model = new RunModel(running, waiting);
    model.setUsual(new Map([['load', 2_000]]));
    model.refresh(running, waiting);
    expect(model.marks[0]!.notes).toEqual([]);
    clock.mockReturnValue(3_000);
    model.refresh(running, waiting);
    expect(model.marks[0]).toEqual({
      status: 'running',
      word: 'running',
      notes: ['slow: usually 2.0 s at most'],
    });
    clock.mockRestore();
  });

  it('counts elements for their map until the map has ended', () => {
    const model = new RunModel(graph);
    model.apply([finished('m["a[b"]', ok()), finished('m[1]', { ...ok(), outcome: 'err' })]);
    expect(model.elementsOf(1)).toEqual({ ok: 1, failed: 1 });
    model.apply([finished('m', ok()), finished('m[2]', ok())]);
    expect(model.elementsOf(1)).toEqual({ ok: 1, failed: 1 });
  });

  it('keeps what an event has told where an older answer does not know it yet', () => {
    const model = new RunModel(graph);
    model.apply([finished('m', ok())]);
    model.refresh(graph, { m: wait('Queued', '') });
    expect(model.statusOf(1)).toBe('ok');
  });

  it('is not told of changes where an answer says the same again', () => {
    const waiting = { m: wait('Queued', 'in the queue') };
    const model = new RunModel(graph, waiting);
    const heard = jest.fn();
    model.onChange(heard);
    model.refresh(graph, { m: { ...waiting.m } });
    expect(heard).not.toHaveBeenCalled();
    model.refresh(graph, { m: wait('Running', 'in the queue', { state: 'running' }) });
    expect(heard).toHaveBeenCalledWith([1]);
  });
});

describe('what a run waits for', () => {
  it('is nothing while a body runs', () => {
    expect(
      bannerOf({ a: wait('NoWorker', 'x'), b: wait('Running', '', { state: 'running' }) }, undefined),
    ).toBeUndefined();
  });
  it('is said in words, what needs somebody first', () => {
    const waiting = {
      a: wait('Queued', 'in the queue'),
      b: wait('NoWorker', 'no worker polls queue q'),
      c: wait('Parents', '', { state: 'blocked' }),
    };
    expect(bannerOf(waiting, undefined)).toEqual({
      knot: 'b',
      sentence: 'b waits: no worker polls queue q. So does another one.',
    });
    expect(bannerOf({ s: wait('Signal', 'x', { signal: 'approve' }) }, undefined)).toEqual({
      knot: 's',
      sentence: 's waits for the signal approve.',
    });
  });
  it('is the run’s own step before all', () => {
    expect(bannerOf({ a: wait('Queued', '') }, { code: 'NoWorker', message: 'nobody polls.' })).toEqual({
      sentence: 'The run takes no step: nobody polls.',
    });
  });
});

describe('an arrow', () => {
  // 0 → 1, 0 → 2, 1 → 3, 2 → 3
  const kinship = { parents: [[], [0], [0], [1, 2]], children: [[1, 2], [3], [3], []] };
  const across = (knot: number): number => [50, 0, 90, 80][knot]!;
  it('leads to the nearest relative, or back to where one came from', () => {
    expect(stepFrom(0, 'child', kinship, across)).toBe(2);
    expect(stepFrom(3, 'parent', kinship, across)).toBe(2);
    expect(stepFrom(3, 'parent', kinship, across, 1)).toBe(1);
    expect(stepFrom(0, 'parent', kinship, across)).toBeUndefined();
    expect(stepFrom(3, 'next', kinship, across)).toBeUndefined();
    expect(stepFrom(3, 'previous', kinship, across)).toBe(2);
  });
});

describe('closed groups in the URL', () => {
  const many = Array.from({ length: 700 }, (_, index) => knot(`g${index % 3}.k${index}`, []));
  it('are the outermost of many knots until somebody opens one, and come back as they were written', () => {
    expect([...closedOf(undefined, many)].sort()).toEqual(['g0', 'g1', 'g2']);
    expect(closedOf(undefined, many.slice(0, 30)).size).toBe(0);
    for (const names of [new Set<string>(), new Set(['g1']), new Set(['g1', 'a-b'])])
      expect(closedOf(closedText(names), many)).toEqual(names);
  });
});
