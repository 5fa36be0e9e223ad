import { randomUUID } from 'node:crypto';
import { nodeSha256 } from '../adapters/shared/node-sha256';
import { createInMemoryBackends } from '../backends/in-memory';
import { freshCopy, validateParameters, type OutcomeToRecord } from '../execution';
import type { LoggerLike } from '../model/knot-context';
import type { Outcome, RunResult } from '../model/outcome';
import type { KnotBody } from '../model/records';
import { recordOf, type Tapestry } from '../model';
import type { Backends, LineageRecord } from '../protocols';
import { digestOf } from '../sealing/seal-backends';
import { InProcessHost, type LocalRunResult } from './in-process-host';
import { LocalWaits, type GivenSignals } from './local-waits';

export interface RunLocallyOptions {
  /**
   * Bodies to run in place of those of the definitions: by knot id or, for all knots of a definition, by its name; of a knot of a tapestry that
   * a knot runs, by `<knot>/<id>`. One for that knot itself stands for the whole of its run.
   */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  /** Names or ids of the knots that are wanted; only what they need runs. Default: the tapestry's terminals. */
  readonly terminals?: readonly string[];
  /** `ctx.resources` of the bodies. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Where `ctx.logger` writes: a logger of pino, or one of its shape, `(fields, message)`. Default: nowhere. */
  readonly logger?: LoggerLike;
  /** Aborting it cancels the run, as a cancel on Temporal would. */
  readonly signal?: AbortSignal;
  /** Default: a new id. */
  readonly runId?: string;
  /** Bodies running at once. Default 500. */
  readonly concurrency?: number;
  /**
   * Whether knots with the option `cache` take values that are in the backends already. Bodies that `replace` puts in the place of others
   * neither take nor leave any. Default true.
   */
  readonly reuse?: boolean;
  /** What knots that wait for signals get; checked by their schemas before anything runs. Default: no signal comes. */
  readonly signals?: GivenSignals;
  /**
   * Whether sleeps, times and timeouts take as long as they say. Default false: a sleep is over at once, and a signal that is not given has
   * timed out. A wait without a timeout fails with SignalNotGiven in either case.
   */
  readonly realTime?: boolean;
  /** Where values, lineage and, when it is over, the record of the run go. They stay open. Default: in memory, forgotten with the result. */
  readonly backends?: Backends;
}

export interface LocallyRun<Values> extends RunResult<Values> {
  /** In the order in which the knots were committed. */
  readonly lineage: readonly LineageRecord[];
}

/**
 * Runs a tapestry in this process, without Temporal: for unit tests and dry runs. Values, hashes, outcomes and lineage are
 * those of a durable run; what is missing is durability. It resolves whether or not knots fail.
 *
 * @throws SelvageError `InvalidParameters`, `UnknownSignal`, `InvalidSignal`, `UnknownTerminal`, `UnknownKnot` (in `replace`), or any of compiling
 */
export async function runLocally<Parameters extends object, Values extends object>(
  tapestry: Tapestry<Parameters, Values>,
  parameters: Parameters,
  options: RunLocallyOptions = {},
): Promise<LocallyRun<Values>> {
  const record = recordOf(tapestry);
  const recordRun = randomUUID();
  const { signals = {}, realTime = false, ...others } = options;
  const backends = options.backends ?? createInMemoryBackends();
  const { of: digest } = digestOf(backends);
  const now = Date.now;
  const host = new InProcessHost(record, {
    ...others,
    runId: options.runId ?? recordRun,
    recordRun,
    backends,
    recordsRun: options.backends !== undefined,
    sha256: nodeSha256,
    digest,
    now,
    waits: await LocalWaits.of(record, signals, { digest, now, realTime }),
  });
  const run = await host.execute(await validateParameters(record, parameters, host.knotIds));
  return resultOf<Values>(run, options.terminals);
}

function resultOf<Values>(run: LocalRunResult, terminals: readonly string[] | undefined): LocallyRun<Values> {
  const outputs: Record<string, unknown> = {};
  const outcomes: Record<string, Outcome> = {};
  run.layout.ids.forEach((id, index) => {
    const outcome = publicOutcome(run.settled[index]!);
    outcomes[id] = outcome;
    if (outcome.kind === 'ok') outputs[id] = outcome.value;
  });
  const values: Record<string, unknown> = {};
  for (const [name, id] of Object.entries(run.plan.terminals(terminals))) {
    if (Object.hasOwn(outputs, id)) values[name] = outputs[id];
  }
  return {
    runId: run.runId,
    status: run.status,
    succeeded: run.status === 'succeeded',
    outputs,
    outcomes,
    values: values as Partial<Values>,
    lineage: run.lineage,
  };
}

function publicOutcome(outcome: OutcomeToRecord): Outcome {
  if (outcome.kind !== 'ok') return outcome;
  const { value } = outcome;
  return { kind: 'ok', value: freshCopy(value) };
}
