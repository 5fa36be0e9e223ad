import { canonicalJson, hashText, type Json, type Sha256 } from '../values';
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
} from '../plan';
import { SelvageError } from '../errors';
import type { Fragment } from '../authoring/fragment';
import type { StoredValue } from '../ports';
import type { LoadedPlan } from './loaded-plan';
import type { KnotOutcomeToRecord } from './node-outcome';

/** A fragment as stored in the data store. A fragment's hash names it in records, histories and plans. */
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

export interface AcceptedExtension extends StoredFragment {
  readonly plan: CompiledPlan;
}

export interface ExtensionHost {
  readonly plan: LoadedPlan;
  /** Requested terminals. Default: the plan's own terminals. */
  readonly terminals?: readonly string[] | undefined;
  find(name: string, version: string | undefined): RegisteredDefinition | undefined;
  readonly sha256: Sha256;
}

/** Collects the fragments that one attempt adds by `ctx.extend`. The fragments take effect only with an Ok outcome. */
export class BodyExtension {
  private fragments: Fragment[] | undefined;
  private isClosed = false;

  /** @param plan undefined if extending is refused, as for an element of a map */
  constructor(
    private readonly plan: LoadedPlan | undefined,
    private readonly knot: PlanKnot,
  ) {}

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
    // The fragment is copied as JSON, because the body may go on changing its own object.
    (this.fragments ??= []).push(readFragment(JSON.parse(JSON.stringify(given ?? null))));
  }

  close(): void {
    this.isClosed = true;
  }

  /**
   * The extension; undefined if there are no fragments. @throws SelvageError as `extend` and `resolveDefinitions`; it
   * fails the knot
   */
  accept({ plan, terminals, find, sha256 }: ExtensionHost): AcceptedExtension | undefined {
    this.close();
    if (!this.fragments) return undefined;
    const joined = joinFragments(this.fragments);
    const stored = storedFragment(resolveDefinitions(joined, find), sha256);
    const { fragment, hash } = stored;
    const extended = extend(plan.plan, fragment, { hash, sha256, ...(terminals && { terminals }) });
    // An extension that no run could load fails this knot, rather than the run that would have to load it.
    const layout = layoutOf(extended.plan, terminals);
    requireLoadable(layout, encodeLayout(layout));
    return { ...stored, plan: extended };
  }
}

export function withExtension(
  { outcome, values }: KnotOutcomeToRecord,
  { hash, bytes }: AcceptedExtension,
): KnotOutcomeToRecord {
  if (outcome.kind !== 'ok') throw new Error('Only a knot with a value extends its run.');
  return { outcome: { ...outcome, extension: hash }, values: [...values, { hash, bytes }] };
}
