import { canonicalJson, hashText, type Json, type Sha256 } from '../canonical';
import {
  encodeLayout,
  extend,
  joinFragments,
  layoutOf,
  readFragment,
  requireExtensible,
  requireLoadable,
  resolveDefinitions,
  type CompiledPlan,
  type PlanKnot,
  type RegisteredDefinition,
} from '../engine';
import { SelvageError } from '../errors';
import type { Fragment } from '../model/fragment';
import type { StoredValue } from '../protocols';
import type { LoadedPlan } from './loaded-plan';
import type { KnotOutcomeToRecord } from './node-outcome';

/** A fragment as the data store keeps it. Its hash names it in records, histories and plans. */
export interface StoredFragment extends StoredValue {
  readonly fragment: Fragment;
}

export function storedFragment(fragment: Fragment, sha256: Sha256): StoredFragment {
  const text = canonicalJson(fragment as unknown as Json);
  return { fragment, hash: hashText(text, sha256), bytes: new TextEncoder().encode(text) };
}

/** @throws SelvageError `InvalidFragment` */
export function decodeFragment(bytes: Uint8Array): Fragment {
  return readFragment(JSON.parse(new TextDecoder().decode(bytes)));
}

/** What is accepted of a body's extension: to be recorded with its outcome. */
export interface AcceptedExtension extends StoredFragment {
  /** The plan that the knot is in, extended. */
  readonly plan: CompiledPlan;
}

/** What a host knows where a body's extension is checked. */
export interface ExtensionHost {
  readonly plan: LoadedPlan;
  /** Those that the run was asked for; absent: the plan's own. */
  readonly terminals?: readonly string[] | undefined;
  find(name: string, version: string | undefined): RegisteredDefinition | undefined;
  readonly sha256: Sha256;
}

/** What one attempt of a body says by `ctx.extend`. It counts with the attempt's outcome, if that is Ok, and not before. */
export class BodyExtension {
  private fragments: Fragment[] | undefined;
  private isClosed = false;

  /** @param plan undefined: nothing can be said, as by the element of a map */
  constructor(
    private readonly plan: LoadedPlan | undefined,
    private readonly knot: PlanKnot,
  ) {}

  /** Of a body that cannot extend its run. */
  static none(knot: PlanKnot): BodyExtension {
    return new BodyExtension(undefined, knot);
  }

  get isEmpty(): boolean {
    return this.fragments === undefined;
  }

  /** @throws SelvageError `NotExtensible`, `InvalidFragment`, `InvalidName`, `InvalidConfig` */
  add(given: Fragment): void {
    const { id, policy } = this.knot;
    if (this.plan) requireExtensible(this.plan.plan);
    if (!this.plan || policy.node) {
      throw new SelvageError(
        'NotExtensible',
        `Knot "${id}" is a node or an element of one, and cannot extend the run. Let a knot of a definition do it, placed by itself.`,
        { details: { knot: id, reason: 'Node' } },
      );
    }
    if (this.isClosed) {
      throw new SelvageError(
        'NotExtensible',
        `The body of knot "${id}" has ended, and cannot extend the run any more: \`await\` what calls \`ctx.extend\`.`,
        { details: { knot: id, reason: 'BodyEnded' } },
      );
    }
    // A copy, of what JSON can say: the body may go on to change its own.
    (this.fragments ??= []).push(readFragment(JSON.parse(JSON.stringify(given ?? null))));
  }

  /** Nothing can be said any more. */
  close(): void {
    this.isClosed = true;
  }

  /**
   * Checks what was said, against the plan of the task: undefined where nothing was.
   *
   * @throws SelvageError those of `extend` and `resolveDefinitions`: failures of the knot as if its body had thrown
   */
  accept({ plan, terminals, find, sha256 }: ExtensionHost): AcceptedExtension | undefined {
    this.close();
    if (!this.fragments) return undefined;
    const joined = joinFragments(this.fragments);
    const stored = storedFragment(resolveDefinitions(joined, find), sha256);
    const { fragment, hash } = stored;
    const extended = extend(plan.plan, fragment, { hash, sha256, ...(terminals && { terminals }) });
    // What no run could load is a failure of the knot, not of the run that would have to load it.
    const layout = layoutOf(extended.plan, terminals);
    requireLoadable(layout, encodeLayout(layout));
    return { ...stored, plan: extended };
  }
}

/** What was said by `ctx.extend` counts with a value, and only with that. */
export function withExtension(
  { outcome, values }: KnotOutcomeToRecord,
  { hash, bytes }: AcceptedExtension,
): KnotOutcomeToRecord {
  if (outcome.kind !== 'ok') throw new Error('Only a knot with a value extends its run.');
  return { outcome: { ...outcome, extension: hash }, values: [...values, { hash, bytes }] };
}
