import { randomUUID } from 'node:crypto';
import { activeTraceparent } from '../adapters/open-telemetry/body-traces';
import { nodeSha256 } from '../node-sha256';
import { HistoryClock } from '../backends/clock';
import { createInMemoryBackends } from '../backends/in-memory';
import {
  RunClock,
  SILENT,
  freshCopy,
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
   * Bodies that replace those of the definitions: by knot id or, for all knots of a definition, by its name.
   * A knot of a nested tapestry is named `<knot>/<id>`; a replacement for the nesting knot stands for its
   * whole run. Default: none.
   */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  /**
   * Names or ids of the knots that are wanted; only what they need runs. Default: the tapestry's terminals.
   */
  readonly terminals?: readonly string[];
  /** `ctx.resources` of the bodies. Default: empty. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Where `ctx.logger` writes: a pino logger, or one of its shape, `(fields, message)`. Default: nowhere. */
  readonly logger?: LoggerLike;
  /** Aborting it cancels the run, like a cancel on Temporal. */
  readonly signal?: AbortSignal;
  /** Id of the run. Default: a new one. */
  readonly runId?: string;
  /** Most bodies running at once. Default 500. */
  readonly concurrency?: number;
  /**
   * Whether knots with the option `cache` reuse values that are already in the backends. Bodies given by
   * `replace` never do, nor are their values reused. Default true.
   */
  readonly reuse?: boolean;
  /**
   * Signals for the knots that wait for them. Payloads are checked by their schemas before anything runs.
   * Default: no signal comes.
   */
  readonly signals?: GivenSignals;
  /**
   * Whether sleeps, times and timeouts take their real duration. Default false: sleeps end at once, and
   * waiting for a missing signal times out at once. A wait without a timeout fails with SignalNotGiven in
   * either case.
   */
  readonly realTime?: boolean;
  /**
   * Where values, lineage and, at its end, the record of the run go. They stay open. Default: in memory,
   * dropped with the result.
   */
  readonly backends?: Backends;
  /**
   * Who hears of the run, and of whatever else becomes durable in the backends. The call waits 5 s at most until they have heard.
   * Default: nobody, also of the tapestry's own emitters.
   */
  readonly emitters?: EmitterList;
}

export interface LocalRun<Values> extends RunResult<Values> {
  /** In the order in which the knots were committed. */
  readonly lineage: readonly LineageRecord[];
}

/**
 * Runs a tapestry in this process, without Temporal: for unit tests and dry runs. Values, hashes, outcomes
 * and lineage are those of a durable run; only durability is missing. It resolves whether or not knots fail.
 *
 * @throws SelvageError `InvalidParameters`, `UnknownSignal`, `InvalidSignal`, `UnknownTerminal`,
 *   `UnknownKnot` (in
 * `replace`), or any of compiling
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
    // The run is over, whether or not it can be told what emitters have heard of it.
    await deliveries?.drained(HEARING_MS).catch(() => undefined);
  } finally {
    await deliveries?.stop();
    await bodyHosts?.close();
  }
  return resultOf<Values>(run, options.terminals);
}

/** A run that is only tried out loads nothing for it. By `require`: a user's jest knows no `import()`. */
async function deliver(
  backends: Backends,
  emitters: EmitterList,
  logger: LoggerLike = SILENT,
): Promise<Deliveries> {
  const { Deliveries } = require('../deliveries') as typeof import('../deliveries');
  return await Deliveries.start({ backends, emitters, logger, projectDir: process.cwd() });
}

/** Most tapestries name no host, and load nothing for it. */
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
