import type { GraphKnot, GraphState, RunGraph, RunResult } from '../../src';

/** Random numbers from 0 to 1, reproducible by the seed. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const STAGES = ['extract', 'clean', 'features', 'train', 'report'];
const DEFINITIONS = ['readTable', 'dropDuplicates', 'joinOnKey', 'fitModel', 'renderReport'];
const T0 = Date.UTC(2026, 0, 5, 3);

export interface GeneratedOptions {
  readonly seed?: number;
  readonly runId?: string;
  /** Ids of the first knots, instead of generated ones. */
  readonly ids?: readonly string[];
}

/**
 * A run with `count` knots in groups, as `runLocally` would return it, with every kind of outcome and times that fit
 * the edges. It is for measuring and drawing, since a real run of ten thousand bodies takes minutes.
 */
export function generatedRun(count: number, { seed = 7, runId, ids = [] }: GeneratedOptions = {}): RunResult {
  const random = numbers(seed);
  const hash = (): string =>
    Array.from({ length: 8 }, () =>
      Math.floor(random() * 0x100000000)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const perGroup = Math.max(3, Math.ceil(Math.sqrt(count) * 1.4));
  const knots: GraphKnot[] = [];
  for (let index = 0; index < count; index += 1) {
    const group = Math.floor(index / perGroup);
    const stage = Math.floor(((index % perGroup) / perGroup) * STAGES.length);
    const name = `${STAGES[stage]}_${index % perGroup}`;
    const id =
      ids[index] ?? (count <= 12 ? `${STAGES[stage]}.${name}` : `tenant_${group}.${STAGES[stage]}.${name}`);
    const parents = new Set<number>();
    const wanted = index === 0 ? 0 : 1 + Math.floor(random() * 2);
    const first = Math.max(0, group * perGroup);
    for (let tries = 0; tries < wanted; tries += 1) {
      const back = 1 + Math.floor(random() ** 2 * Math.min(perGroup, Math.max(1, index - first)));
      parents.add(Math.max(0, index - back));
    }
    if (index > 0 && index === first) parents.clear();
    if (group > 0 && index === first) parents.add(0);
    const inputs = [...parents]
      .filter((parent) => parent < index)
      .map((from, at) => ({ name: `input${at}`, from }));
    knots.push({
      id,
      kind: index === 0 ? 'parameter' : index % 37 === 5 ? 'map' : 'knot',
      ...(index > 0 && { definition: DEFINITIONS[stage]!, codeHash: hash() }),
      configHash: hash(),
      inputs,
      ...(index % 37 === 5 && { each: 'scoreOne' }),
      ...(index === count - 1 && { terminals: ['report'] }),
      state: stateOf(
        knots,
        inputs.map(({ from }) => from),
        random,
        hash,
        index,
      ),
    });
  }
  const graph: RunGraph = { tapestry: 'daily-report', planHash: hash(), knots };
  const outcomes = Object.fromEntries(
    knots.map(({ id, state }) => [
      id,
      state!.outcome === 'err'
        ? {
            kind: 'err',
            error: {
              id: '',
              type: state!.error!.type,
              message: state!.error!.message,
              traceback: `TypeError: ${state!.error!.message}\n    at body (/app/src/pipeline.ts:12:9)\n    at node:internal/process/task_queues:95:5`,
              at: '/app/src/pipeline.ts:12:9',
              cause: { type: 'FetchError', message: 'socket hang up', at: '/app/src/fetch.ts:3:1' },
              attempt: state!.attempt,
            },
          }
        : { kind: state!.outcome },
    ]),
  ) as unknown as RunResult['outcomes'];
  const hasFailed = knots.some(({ state }) => state!.outcome === 'err');
  return {
    runId: runId ?? `daily-report-${seed}`,
    status: hasFailed ? 'failed' : 'succeeded',
    succeeded: !hasFailed,
    outputs: {},
    outcomes,
    values: {},
    graph,
  };
}

function stateOf(
  knots: readonly GraphKnot[],
  parents: readonly number[],
  random: () => number,
  hash: () => string,
  index: number,
): GraphState {
  const states = parents.map((parent) => knots[parent]!.state!);
  const ready = Math.max(T0, ...states.map(({ finishedAt }) => finishedAt));
  const isSkipped = states.some(({ outcome }) => outcome !== 'ok');
  const waited = Math.floor(random() ** 3 * 900);
  const took = Math.floor(40 + random() ** 3 * 4000);
  if (isSkipped) {
    return {
      outcome: 'skipped',
      skipReason: 'parent_failed_or_skipped',
      scheduledAt: ready,
      startedAt: ready,
      finishedAt: ready,
      attempt: 1,
    };
  }
  const isHit = random() < 0.22 && index > 0;
  const isErr = random() < 0.012 && index > 1;
  const isRetried = random() < 0.06;
  const started = ready + waited + (isRetried ? 700 : 0);
  return {
    outcome: isErr ? 'err' : 'ok',
    ...(!isErr && { outputHash: hash(), outputSize: Math.floor(random() * 1e6) }),
    scheduledAt: ready,
    startedAt: started,
    finishedAt: isHit ? started + 3 : started + took,
    attempt: isRetried ? 2 : 1,
    ...(isHit && !isErr && { cachedFromRun: 'daily-report-6' }),
    ...(isErr && { error: { type: 'TypeError', message: 'The column “amount” holds a text in row 1,204' } }),
    ...(index % 37 === 5 && !isErr && { elements: { count: 400, failed: 0 } }),
    worker: `worker-${index % 4}@host`,
    ...(isRetried && {
      attempts: [
        {
          attempt: 1,
          startedAt: ready + waited,
          endedAt: ready + waited + 300,
          reason: { code: 'FetchError', message: 'socket hang up' },
        },
      ],
      waits: [{ code: 'Retry', since: ready + waited + 300, until: ready + waited + 700 }],
    }),
  };
}
