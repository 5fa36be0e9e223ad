import { SelvageError } from '../../errors';
import type { LineageRecord, RunHistory, RunRecord } from '../../ports';
import { inOrder } from './in-order';
import { mapOfElement } from '../../authoring/element-id';
import { childRunOf } from './nested-runs';
import { parentsOf, wiringOf } from './parents-of';
import { isParameter } from './telling-values';

/**
 * Why a knot differs between the runs:
 *
 * - `parameter`: the knot is one, and its value differs;
 * - `definition`, `version`, `code`: another definition, version of it, or source of its body ran;
 * - `constants`, `policy`: the knot's constants, or its options, differ;
 * - `wiring`: the knot's inputs come from other knots;
 * - `inputs`: an input differs although no parent does: the two runs took over other values of a knot;
 * - `parents`: a parent, or an element of this map, differs, and everything else is equal;
 * - `signal`: the knot waits for a signal, and took another one, or took one in only one of the runs;
 * - `child-run`: the knot ran another tapestry, and that run differs: compare the two child runs;
 * - `failure`: with equal inputs and code, the knot failed, was cancelled or was skipped in one of the runs;
 * - `not-repeatable`: with equal inputs and code, the knot's body returned something else;
 * - `only-in-first`, `only-in-second`: the other run lacks the knot, or the knot's record.
 */
export type DifferenceCause =
  | 'parameter'
  | 'definition'
  | 'version'
  | 'code'
  | 'constants'
  | 'policy'
  | 'wiring'
  | 'inputs'
  | 'parents'
  | 'signal'
  | 'child-run'
  | 'failure'
  | 'not-repeatable'
  | 'only-in-first'
  | 'only-in-second';

/** A knot with another outcome, or another value. */
export interface KnotDifference {
  readonly knotId: string;
  readonly first?: LineageRecord;
  readonly second?: LineageRecord;
  /** Whether none of the knot's parents differs: differences downstream follow from such knots. */
  readonly isFirst: boolean;
  readonly causes: readonly DifferenceCause[];
  /** Names of the inputs that differ, including constants and wiring. */
  readonly inputs: readonly string[];
  /** Ids of the parents that differ. */
  readonly parents: readonly string[];
}

export interface RunDifference {
  readonly first: RunRecord;
  readonly second: RunRecord;
  /** Number of knots that are equal in both runs. */
  readonly equal: number;
  /** Parents before children. */
  readonly items: readonly KnotDifference[];
}

/**
 * Compares two runs knot by knot, by outcome and content hash. Knots are matched by id, so the plans may differ.
 *
 * @throws SelvageError `UnknownRun`, `BackendUnavailable`
 */
export async function diffRuns(
  runHistory: RunHistory,
  firstRun: string,
  secondRun: string,
): Promise<RunDifference> {
  const [first, second] = await Promise.all([getRun(runHistory, firstRun), getRun(runHistory, secondRun)]);
  const [ofFirst, ofSecond] = await Promise.all(
    [first, second].map(async ({ temporal_run_id }) => {
      const records = await runHistory.getRecords(temporal_run_id);
      return new Map(records.map((record) => [record.knot_id, record]));
    }),
  );
  const ids = inOrder(wiringOf([...ofFirst!.values(), ...ofSecond!.values()]));
  /** Includes maps with an element that differs. */
  const differing = new Set<string>();
  const items: KnotDifference[] = [];
  for (const knotId of ids) {
    const one = ofFirst!.get(knotId);
    const other = ofSecond!.get(knotId);
    if (one && other && isSame(one, other)) continue;
    const all = [one, other].flatMap((record) => (record ? parentsOf(record) : []));
    const parents = [...new Set(all)].filter((parent) => differing.has(parent));
    const isFirst = parents.length === 0 && !differing.has(knotId);
    differing.add(knotId);
    const map = mapOfElement(knotId);
    if (map !== undefined) differing.add(map);
    items.push({
      knotId,
      ...(one && { first: one }),
      ...(other && { second: other }),
      isFirst,
      parents,
      ...explain(one, other, isFirst),
    });
  }
  return { first, second, equal: ids.length - items.length, items };
}

export async function getRun(runHistory: RunHistory, runId: string): Promise<RunRecord> {
  const run = await runHistory.getRun(runId);
  if (run) return run;
  throw new SelvageError(
    'UnknownRun',
    `The run history (${runHistory.technology}) knows no run "${runId}". \`selvage runs list\` shows what there is.`,
    { details: { run: runId } },
  );
}

function isSame(one: LineageRecord, other: LineageRecord): boolean {
  return (
    one.outcome === other.outcome &&
    one.output_hash === other.output_hash &&
    one.skip_reason === other.skip_reason &&
    errorOf(one) === errorOf(other)
  );
}

function errorOf({ extra }: LineageRecord): string | undefined {
  const { error } = extra as { error?: { type: string; message: string } };
  return error && `${error.type}: ${error.message}`;
}

function explain(
  one: LineageRecord | undefined,
  other: LineageRecord | undefined,
  isFirst: boolean,
): Pick<KnotDifference, 'causes' | 'inputs'> {
  if (!one || !other) return { causes: [one ? 'only-in-first' : 'only-in-second'], inputs: [] };
  if (isParameter(one) && isParameter(other)) return { causes: ['parameter'], inputs: [] };
  const constants = differingNames(one.constant_input_hashes, other.constant_input_hashes);
  const wiring = differingNames(one.parent_knot_ids, other.parent_knot_ids);
  const inputs = differingNames(one.parent_input_hashes, other.parent_input_hashes);
  const causes: DifferenceCause[] = [];
  if (one.definition !== other.definition) causes.push('definition');
  if (one.definition_version !== other.definition_version) causes.push('version');
  if (one.code_hash !== other.code_hash && one.code_hash !== null && other.code_hash !== null)
    causes.push('code');
  if (constants.length > 0) causes.push('constants');
  const isOfConfig = causes.some((cause) => cause !== 'code');
  if (one.knot_config_hash !== other.knot_config_hash && !isOfConfig) causes.push('policy');
  if (wiring.length > 0) causes.push('wiring');
  else if (inputs.length > 0 && isFirst) causes.push('inputs');
  if (causes.length === 0) causes.push(remaining(one, other, isFirst));
  return { causes, inputs: [...new Set([...constants, ...wiring, ...inputs])] };
}

function remaining(one: LineageRecord, other: LineageRecord, isFirst: boolean): DifferenceCause {
  if (!isFirst) return 'parents';
  if (one.definition === SIGNAL && signalOf(one) !== signalOf(other)) return 'signal';
  if (childRunOf(one) !== undefined && childRunOf(other) !== undefined) return 'child-run';
  return one.outcome === 'ok' && other.outcome === 'ok' ? 'not-repeatable' : 'failure';
}

const SIGNAL = 'selvage.waitForSignal';

/** The signal that a wait took, by its payload's hash or, if not recorded, by the resulting value. */
function signalOf(record: LineageRecord): string | null | undefined {
  const { payload, error } = record.extra as { payload?: string; error?: { type: string } };
  return payload ?? record.output_hash ?? error?.type;
}

function differingNames(
  one: Readonly<Record<string, string | null>>,
  other: Readonly<Record<string, string | null>>,
): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (name) => one[name] !== other[name],
  );
}
