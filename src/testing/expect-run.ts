import { mapOfElement } from '../authoring/element-id';
import type { AnyTapestry } from '../authoring';
import { Reproducer, readCapsule, rerun, type Capsule, type Reproduction } from '../capsule';
import { SelvageError } from '../errors';
import type { LoggerLike } from '../authoring/knot-context';
import type { KnotBody } from '../authoring/records';

export interface ToReproduceOptions {
  /** The tapestry of the run, with the bodies that should give the same results. */
  readonly tapestry: AnyTapestry;
  /**
   * Ids of knots that may differ, as they use the clock, chance or other systems; the id of a map stands for all its
   * elements. Default: none.
   */
  readonly except?: readonly string[];
  /**
   * `knot` (default): runs each body individually on its recorded inputs, so that each difference is reported
   * separately. `run`: repeats the whole run in process, with recorded parameters and signals; differences affect
   * knots downstream.
   */
  readonly by?: 'knot' | 'run';
  /** The `ctx.resources` of the bodies. Default: empty. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Where `ctx.logger` writes. Default: nowhere. */
  readonly logger?: LoggerLike;
  /** Replacements for bodies, as in `runLocally`, for `by: 'run'`. */
  readonly replace?: Readonly<Record<string, KnotBody>>;
}

export interface RunExpectation {
  /**
   * The promise resolves if all knots of the run, and of runs that it started, give the same value or the same error as
   * recorded. The bodies run for real, including their effects outside.
   *
   * @throws SelvageError `RunNotReproduced`, naming the first knot that differs and its place; `UnknownKnot` for an
   *   unknown id in `except`; `UnknownTapestry`, `BodyMissing`; errors of reading a capsule
   */
  toReproduce(options: ToReproduceOptions): Promise<void>;
}

const TOLD = 10;

/**
 * Turns a past run into a test, as in `await expectRun('nightly.selvage.html').toReproduce({ tapestry: nightly })`.
 *
 * @param capsule a file of `selvage capsule`, or the result of `readCapsule`
 */
export function expectRun(capsule: string | Capsule): RunExpectation {
  return {
    async toReproduce(options) {
      const opened = typeof capsule === 'string' ? await readCapsule(capsule) : capsule;
      await reproduce(opened, options);
    },
  };
}

async function reproduce(
  { file, run, backends }: Capsule,
  { tapestry, except = [], by = 'knot', ...options }: ToReproduceOptions,
): Promise<void> {
  const found: Reproduction[] = [];
  const all =
    by === 'run'
      ? rerun(backends, run, tapestry, options)
      : new Reproducer(backends, [tapestry], options).all(run);
  for await (const one of all) found.push(one);
  const excepted = (knot: string): boolean =>
    except.includes(knot) || except.includes(mapOfElement(knot) ?? knot);
  const unknown = except.find(
    (id) => !found.some(({ knotId }) => knotId === id || knotId.startsWith(`${id}[`)),
  );
  if (unknown !== undefined) {
    throw new SelvageError(
      'UnknownKnot',
      `\`except\` names "${unknown}", and run "${run.run_id}" has no such knot. Name knots by their ids, of nested tapestries as they are named there.`,
      { details: { knot: unknown, run: run.run_id } },
    );
  }
  const tried = found.filter(({ knotId, verdict }) => verdict !== 'not-run' && !excepted(knotId));
  const different = tried.filter(({ verdict }) => verdict !== 'same');
  const [first] = different;
  if (first) throw notReproduced(file, run.run_id, different, tried.length);
  if (tried.length > 0) return;
  throw new SelvageError(
    'RunNotReproduced',
    `Of run "${run.run_id}" (${file}) no knot was run again, so that nothing is proven: all are without a body, or excepted.`,
    { details: { run: run.run_id, file } },
  );
}

function notReproduced(
  file: string,
  runId: string,
  different: readonly Reproduction[],
  tried: number,
): SelvageError {
  const [{ runId: run, knotId, explanation, difference }] = different as [Reproduction];
  const others = different.slice(1, TOLD + 1).map((other) => `"${other.knotId}"`);
  const more = different.length - 1 - others.length;
  const also =
    others.length === 0 ? '' : ` So do ${others.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  return new SelvageError(
    'RunNotReproduced',
    `Run "${runId}" (${file}) does not come to the same: ${different.length} of ${tried} knots differ. The first is "${knotId}"${run === runId ? '' : ` of run "${run}"`}: ` +
      `${explanation}.${also} Correct the body, or name what may differ in \`except\`.`,
    {
      details: {
        run,
        knot: knotId,
        ...(difference && { path: difference.path }),
        knots: different.map((one) => one.knotId),
      },
    },
  );
}
