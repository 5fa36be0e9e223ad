import { SelvageError } from '../../errors';
import { nodeSha256 } from '../../node/node-sha256';
import type { GivenSignals } from '../../in-process/local-waits';
import { recordOf, type KnotBody, type Tapestry } from '../../authoring';
import type { SkipReason } from '../../ports';
import type { Sha256 } from '../../values';
import { Explorer, type Crash, type Exploration, type Explored, type Failure } from './explorer';
import { Bodies } from './bodies';
import { errorOf } from './comparison';
import { Outputs } from './outputs';
import { REAL_PARTS, type SimulatedParts } from './parts';
import type { RunEnd } from './run';
import { formatSchedule, inWords, parseSchedule } from './schedule';
import type { Subject } from './subject';
import { SimulatedWaits } from './waits';
import type { Setting } from './world';

export interface SimulateOptions<Parameters extends object = object> {
  /**
   * `everywhere` (default): each blow at each boundary between two events, a second blow after some of them, and then
   * several at random; `random`: blows at random only; `never`: only delays.
   */
  readonly crash?: Crash;
  /**
   * The parameters of the runs; with them, the tapestry's own bodies run repeatedly in this process, and their results
   * are compared. If omitted, no code of yours runs: bodies are simulated, and fail as scheduled.
   */
  readonly parameters?: Parameters;
  /** Runs in all. The default is 2,000 schedules, or 500 with `parameters`. */
  readonly schedules?: number;
  /** The same seed tries the same schedules. Default 1. */
  readonly seed?: number;
  /** Whether runs are also cancelled, at every boundary. Default false. */
  readonly cancel?: boolean;
  /**
   * Whether the run history also loses records, as if a backup were restored. Default false. Simulated gates and
   * branches that run again then decide as before: of a body that decides otherwise, both decisions may be on record.
   */
  readonly losses?: boolean;
  /** Whether `local` knots run in segments. By default, half of the schedules have segments. */
  readonly segments?: boolean;
  /** A single schedule to run, as quoted by an error. */
  readonly schedule?: string;
  /** Replacements for bodies, by knot id or definition name, if there are `parameters`. */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  /** Signals for waiting knots, as in `runLocally`, if there are `parameters`; by default, no signal comes. */
  readonly signals?: GivenSignals;
  /**
   * The `ctx.resources` of bodies, with `parameters`. A function is called for each run, so that runs share nothing.
   */
  readonly resources?: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);
}

/** Counts of a simulation without failures. */
export interface Simulation {
  /** Number of runs. */
  readonly schedules: number;
  /**
   * Whether each blow was tried at each boundary; false if `schedules` were too few, or without `crash: 'everywhere'`.
   */
  readonly everywhere: boolean;
  readonly bodies: number;
  /** The number of blows, by kind. */
  readonly blows: Explored['blows'];
  readonly seed: number;
  /** With `parameters`, outcomes by knot id, of runs without a cancel, and without knots that kept losing workers. */
  readonly outcomes?: Readonly<Record<string, SimulatedOutcome>>;
}

export type SimulatedOutcome =
  /** The `hash` of the value, as in records. */
  | { readonly kind: 'ok'; readonly hash: string }
  | { readonly kind: 'err'; readonly type: string; readonly message: string }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

const SCHEDULES = 2_000;
const SCHEDULES_WITH_BODIES = 500;
const LONGEST_CACHED = 64;
const MOST_CACHED = 10_000;

/**
 * Simulates runs of a tapestry under blows. The workflows and activities of Temporal run in memory, against a simulated
 * server and backends. Workers are killed, attempts doubled, answers delayed and reordered. The workflows run again
 * from their histories and continue as new. Each run must end as it does undisturbed, with one record a knot and no
 * value missing. No body may run after its record exists, and replays must give the same commands. The simulation
 * starts nothing and writes nothing; time is simulated, too.
 *
 * @throws SelvageError `BodyNotDeterministic` (with `parameters`): a repeated body gave another result, which may
 * happen after a crash; `SimulationFailed`: a run broke its promise. Both errors have the smallest failing schedule, in
 * words and as `schedule`. `InvalidConfig`, `InvalidParameters`, `UnknownKnot` (in `replace`), or any error of
 * compiling.
 */
export async function simulate<Parameters extends object, Values extends object>(
  tapestry: Tapestry<Parameters, Values>,
  options: SimulateOptions<Parameters> = {},
): Promise<Simulation> {
  return await simulateWith(REAL_PARTS, tapestry, options);
}

/** Like {@link simulate}, with other parts under test. */
export async function simulateWith<Parameters extends object, Values extends object>(
  parts: SimulatedParts,
  tapestry: Tapestry<Parameters, Values>,
  options: SimulateOptions<Parameters> = {},
): Promise<Simulation> {
  const record = recordOf(tapestry);
  const { parameters, replace, signals, resources = {} } = options;
  if (!parameters && (replace ?? signals ?? options.resources)) {
    throw invalid(
      replace ? 'replace' : signals ? 'signals' : 'resources',
      'given alone',
      'given with parameters, for only then bodies run',
    );
  }
  const bodies = new Bodies(record, parameters !== undefined, replace ?? {});
  const given = await bodies.parameters(parameters ?? {});
  const { knots } = bodies.subject.plan.plan;
  const waits = parameters ? await SimulatedWaits.of(record, knots, signals ?? {}) : new SimulatedWaits();
  const outputs = parameters && new Outputs();
  const digest = quickSha256();
  const setting = (): Setting => ({
    parts,
    bodies,
    parameters: given,
    resources: { ...(typeof resources === 'function' ? resources() : resources) },
    waits,
    areDecisionsRepeatable: options.losses === true,
    digest,
    outputs,
  });
  const { subject } = bodies;
  const exploration = explorationOf(options, subject);
  const explorer = new Explorer(subject, setting, bodies.areReal, exploration);
  const explored =
    options.schedule === undefined
      ? await explorer.explore()
      : await explorer.tryOne(parseSchedule(options.schedule, subject));
  if (!explored) throw failed(subject, explorer.failure!, exploration.seed);
  const { end, ...counted } = explored;
  return { ...counted, seed: exploration.seed, ...(end && { outcomes: outcomesOf(end) }) };
}

function explorationOf(options: SimulateOptions, subject: Subject): Exploration {
  const { crash = 'everywhere', parameters, seed = 1, cancel = false, losses = false, segments } = options;
  const { schedules = parameters ? SCHEDULES_WITH_BODIES : SCHEDULES } = options;
  if (!['everywhere', 'random', 'never'].includes(crash)) {
    throw invalid('crash', crash, "'everywhere', 'random' or 'never'");
  }
  if (!Number.isInteger(schedules) || schedules < 1)
    throw invalid('schedules', schedules, 'a positive integer');
  if (!Number.isInteger(seed)) throw invalid('seed', seed, 'an integer');
  const both = subject.hasLocalKnots ? [false, true] : [false];
  return { crash, schedules, seed, cancel, losses, segments: segments === undefined ? both : [segments] };
}

function outcomesOf({ subject, records }: RunEnd): Record<string, SimulatedOutcome> {
  const entries = subject.layout.ids.map((id): [string, SimulatedOutcome] => {
    const record = records.get(id)!;
    if (record.outcome === 'ok') return [id, { kind: 'ok', hash: record.output_hash! }];
    if (record.outcome === 'skipped') return [id, { kind: 'skipped', reason: record.skip_reason! }];
    const { type, message } = errorOf(record)!;
    return [id, { kind: 'err', type, message }];
  });
  return Object.fromEntries(entries);
}

function invalid(option: string, value: unknown, allowed: string): SelvageError {
  return new SelvageError('InvalidConfig', `simulate: ${option} must be ${allowed}, not ${String(value)}.`, {
    details: { option, value, reason: 'WrongValue' },
  });
}

function failed(
  subject: Subject,
  { violation, schedule, found, before }: Failure,
  seed: number,
): SelvageError {
  const { tapestry } = subject.plan.plan;
  const text = formatSchedule(schedule);
  const isOfBody = violation.kind === 'not repeatable' || violation.kind === 'extension refused';
  const lines = inWords(schedule).map((line, place) => `  ${place + 1}. ${line}`);
  const advice =
    violation.kind === 'extension refused'
      ? 'Its record stands, so that the run as a whole would fail. Let no two bodies bring knots of the same id: use `ctx.knotId` in it.'
      : isOfBody
        ? 'After a crash a body may have to run again. Let it depend on its inputs alone; what the outside world must see once, ' +
          'give `ctx.idempotencyKey`. Or replace the body here, if its output may differ.'
        : 'This is a defect of Selvage, not of your tapestry. Please report it with this message.';
  return new SelvageError(
    isOfBody ? 'BodyNotDeterministic' : 'SimulationFailed',
    `${violation.message} (${violation.kind}), in tapestry "${tapestry}" under this schedule:\n${lines.join('\n')}\n` +
      `${advice}\nFound after ${before} schedules of seed ${seed} (blows then: ${found.blows.length}). To see it again: ` +
      `simulate(…, { schedule: '${text}' }), or the same options with seed: ${seed}.`,
    {
      details: {
        tapestry,
        violation: violation.kind,
        ...(violation.knot !== undefined && { knot: violation.knot }),
        schedule: text,
        seed,
      },
    },
  );
}

/** A hash function like {@link nodeSha256} that caches the few small values that thousands of worlds share. */
function quickSha256(): Sha256 {
  const known = new Map<string, string>();
  return (data) => {
    if (typeof data !== 'string' || data.length > LONGEST_CACHED) return nodeSha256(data);
    let hash = known.get(data);
    if (hash === undefined) {
      if (known.size === MOST_CACHED) known.clear();
      known.set(data, (hash = nodeSha256(data)));
    }
    return hash;
  };
}
