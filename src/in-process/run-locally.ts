import { randomUUID } from 'node:crypto';
import { activeTraceparent } from '../adapters/open-telemetry/body-traces';
import { nodeSha256 } from '../node/node-sha256';
import { HistoryClock } from '../backends/clock';
import { createInMemoryBackends } from '../backends/in-memory';
import {
  RunClock,
  SILENT,
  freshCopy,
  openTablesFrom,
  graphOfRun,
  validateParameters,
  withNested,
  type BodyHosts,
  type OutcomeToRecord,
} from '../runtime';
import type { LoggerLike } from '../authoring/knot-context';
import type { Outcome, RunResult } from '../authoring/outcome';
import { hostedKnots } from '../authoring/body-host';
import type { KnotBody, TapestryRecord } from '../authoring/records';
import { recordOf, type Tapestry } from '../authoring';
import type { Deliveries } from '../deliveries';
import type { EmitterList } from '../emitters';
import type { Backends, LineageRecord } from '../ports';
import { digestOf } from '../encryption/seal-backends';
import { InProcessHost, type LocalRunResult } from './in-process-host';
import { LocalWaits, type GivenSignals } from './local-waits';

const HEARING_MS = 5_000;

export interface RunLocallyOptions {
  /**
   * Bodies in place of the definitions': by knot id, or by definition name for all its knots. `<knot>/<id>` names a
   * knot of a nested tapestry; the nesting knot's replacement replaces its whole run. Default: none.
   */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  /** Names or ids of wanted knots; only these and their ancestors run. Default: the tapestry's terminals. */
  readonly terminals?: readonly string[];
  /** `ctx.resources` of the bodies. Default: empty. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Receives `ctx.logger`: a pino logger, or one with its `(fields, message)`. Default: nothing is logged. */
  readonly logger?: LoggerLike;
  /** Aborting this signal cancels the run, as on Temporal. */
  readonly signal?: AbortSignal;
  /** The run's id. Default: a new id. */
  readonly runId?: string;
  /** At most this many bodies running at once. Default 500. */
  readonly concurrency?: number;
  /**
   * Whether knots with the option `cache` reuse values in the backends. Bodies of `replace` never reuse values, and
   * their values are not reused. Default true.
   */
  readonly reuse?: boolean;
  /** Signals for waiting knots. Payloads are checked before anything runs. Default: none. */
  readonly signals?: GivenSignals;
  /**
   * Whether waits take their real duration. Default false: sleeps end at once, and missing signals time out at
   * once. A wait without a timeout fails with SignalNotGiven in either case.
   */
  readonly realTime?: boolean;
  /**
   * Stores for values, lineage and the run's record, written at its end. They stay open. Default: stores in memory,
   * dropped with the result.
   */
  readonly backends?: Backends;
  /**
   * Emitters for the run, and for all other changes in the backends. The call waits at most 5 s for their deliveries.
   * Default: no emitters, not even the tapestry's own.
   */
  readonly emitters?: EmitterList;
}

export interface LocalRun<Values> extends RunResult<Values> {
  /** The run's lineage records, in the order of the knots' commits. */
  readonly lineage: readonly LineageRecord[];
}

/**
 * Runs a tapestry in this process, without Temporal: for unit tests and dry runs. Values, hashes, outcomes and lineage
 * equal those of a durable run. The call resolves whether or not knots fail.
 *
 * @throws SelvageError `InvalidParameters`, `UnknownSignal`, `InvalidSignal`, `UnknownTerminal`, `UnknownKnot` (in
 *   `replace`), or any of compiling
 */
export async function runLocally<Parameters extends object, Values extends object>(
  tapestry: Tapestry<Parameters, Values>,
  parameters: Parameters,
  options: RunLocallyOptions = {},
): Promise<LocalRun<Values>> {
  const record = recordOf(tapestry);
  const temporalRunId = randomUUID();
  const { signals = {}, realTime = false, emitters = [], ...others } = options;
  const backends = options.backends ?? createInMemoryBackends();
  const { of: digest } = digestOf(backends);
  const clock = new HistoryClock(backends.runHistory);
  if (options.backends) await clock.ask();
  const runClock = new RunClock(clock.now());
  const now = (): number => runClock.now();
  const bodyHosts = await hostsFor(record, options.logger);
  const host = new InProcessHost(record, {
    ...others,
    bodyHosts,
    runId: options.runId ?? temporalRunId,
    temporalRunId,
    traceparent: activeTraceparent(),
    backends,
    recordsRun: options.backends !== undefined || emitters.length > 0,
    sha256: nodeSha256,
    digest,
    now,
    waits: await LocalWaits.of(record, signals, { digest, now, realTime }),
  });
  const deliveries = emitters.length > 0 ? await deliver(backends, emitters, options.logger) : undefined;
  let run: LocalRunResult;
  try {
    run = await host.execute(await validateParameters(record, parameters, host.knotIds));
    // The run is over, even if its deliveries cannot be awaited.
    await deliveries?.drained(HEARING_MS).catch(() => undefined);
  } finally {
    await deliveries?.stop();
    await bodyHosts?.close();
  }
  const result = resultOf<Values>(run, options.terminals);
  for (const [id, value] of Object.entries(result.outputs)) {
    await openTablesFrom(backends.dataStore, value, id);
  }
  return result;
}

/** The emitters are loaded only if needed, by `require`: a user's jest has no `import()`. */
async function deliver(
  backends: Backends,
  emitters: EmitterList,
  logger: LoggerLike = SILENT,
): Promise<Deliveries> {
  const { Deliveries } = require('../deliveries') as typeof import('../deliveries');
  return await Deliveries.start({ backends, emitters, logger, projectDir: process.cwd() });
}

/** Most tapestries name no host, and load no host. */
async function hostsFor(
  tapestry: TapestryRecord,
  logger: LoggerLike | undefined,
): Promise<BodyHosts | undefined> {
  const all = [...withNested(tapestry)];
  if (all.every((one) => hostedKnots(one).next().done)) return undefined;
  const { openHosts } = require('../body-hosts') as typeof import('../body-hosts');
  return await openHosts(all, (host, line) => logger?.info({ host }, line));
}

function resultOf<Values>(run: LocalRunResult, terminals: readonly string[] | undefined): LocalRun<Values> {
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
    graph: graphOfRun(run.plan, run.lineage),
  };
}

function publicOutcome(outcome: OutcomeToRecord): Outcome {
  if (outcome.kind !== 'ok') return outcome;
  const { value } = outcome;
  return { kind: 'ok', value: freshCopy(value) };
}
