import { SelvageError } from '../../errors';
import type { Absence, Knot, MaybeAbsent, OptionalKnot, AnyAbsenceReason } from '../knot';
import type { KnotContext } from '../knot-context';
import { knotRecord } from '../marks';
import { checkKnotId } from '../names';
import type { NodeConfig } from '../node-options';
import { addKnot, handleOf, place } from '../place';
import type { DefinitionRecord, KnotRecord } from '../records';
import type { WiredValues } from './aggregate';
import { PlacedNode } from './placed-node';
import { placeOver } from './input-of';

/** Options of a branch whose path a function chooses. */
export interface SelectorOptions<T, Tag extends string, Why = unknown> {
  readonly input: Knot<T> & MaybeAbsent<Why>;
  /** All tags that the selector may return. */
  readonly branches: readonly Tag[];
  /**
   * Returns the tag of the path. May be asynchronous. A result without a path makes the branch fail (`UnknownBranch`).
   */
  readonly selector: (input: T, context: KnotContext) => NoInfer<Tag> | Promise<NoInfer<Tag>>;
}

/** Like {@link SelectorOptions}, over several inputs. */
export interface SelectorInputsOptions<W, Tag extends string> {
  /** Knots and constants by name; at least one knot. */
  readonly inputs: W;
  /** As in {@link SelectorOptions}. */
  readonly branches: readonly Tag[];
  /** Chooses the path by the values of all inputs, which it gets by name. */
  readonly selector: (inputs: WiredValues<W>, context: KnotContext) => NoInfer<Tag> | Promise<NoInfer<Tag>>;
}

/** Options of a branch whose path a field chooses, which discriminates the union in `input`. */
export interface DiscriminantOptions<T, Field extends keyof T, Why = unknown> {
  readonly input: Knot<T> & MaybeAbsent<Why>;
  readonly on: Field;
}

/** A placed branch, whose value is the chosen tag. */
export interface BranchKnot<Paths, Id extends string = string, Why extends Absence = never> extends Knot<
  keyof Paths & string,
  Id
> {
  /**
   * The knot of a path, `<id>:<tag>`, which each call with this tag returns. If the tag is chosen, the knot's value is
   * the branch's input, passed on by reference; else the knot is `Skipped('branch_not_selected')`.
   */
  path<const Tag extends keyof Paths & string>(
    tag: Tag,
  ): OptionalKnot<Paths[Tag], `${Id}:${Tag}`, Why | 'path'>;
}

/** A branch whose input may have no value, for the reasons in `Why`. */
export type BranchBelow<Paths, Id extends string, Why extends Absence> = [Why] extends [never]
  ? BranchKnot<Paths, Id>
  : BranchKnot<Paths, Id, Why> & OptionalKnot<keyof Paths & string, Id, Why>;

/** The paths of a branch on a field: each has the union's members with its tag. */
export type MemberPaths<T, Field extends keyof T> = {
  [Tag in T[Field] & string]: Extract<T, { readonly [F in Field]: Tag }>;
};

/**
 * Places a knot that chooses a path for its input, by a field or by a `selector`:
 * `const b = branch({ input: order, on: 'type' }, { id: 'by-type' })`. `b.path('refund')` is then the knot of that
 * path.
 *
 * Over several inputs, `branch({ inputs: { order, stock }, branches, selector: ({ order, stock }) => … }, { id })`,
 * a path has the record of all inputs, the value of the knot `<id>.inputs`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function branch<T, const Tag extends string, const Id extends string, Why extends Absence = never>(
  options: SelectorOptions<T, Tag, Why>,
  config: NodeConfig<'branch', Id>,
): BranchBelow<{ [K in Tag]: T }, Id, Why>;
export function branch<const W extends object, const Tag extends string, const Id extends string>(
  options: SelectorInputsOptions<W, Tag>,
  config: NodeConfig<'branch', Id>,
): BranchBelow<{ [K in Tag]: WiredValues<W> }, Id, AnyAbsenceReason<W>>;
export function branch<
  T,
  const Field extends keyof T & string,
  const Id extends string,
  Why extends Absence = never,
>(
  options: DiscriminantOptions<T, Field, Why>,
  config: NodeConfig<'branch', Id>,
): BranchBelow<MemberPaths<T, Field>, Id, Why>;
export function branch(options: object, config: NodeConfig<'branch'>): Knot<any> {
  const node = new PlacedNode('branch', config);
  node.requireKeys(options, ['input', 'inputs', 'selector', 'branches', 'on']);
  const { inputs, branches, selector, on } = options as Partial<
    SelectorOptions<unknown, string> & { readonly inputs: unknown; readonly on: string }
  >;
  if (inputs !== undefined && on !== undefined) {
    throw node.refusal(
      'Conflict',
      'has both "inputs" and "on"',
      'A field decides for a single input: give that as "input", or a "selector".',
    );
  }
  const tags = selector === undefined ? undefined : checkTags(branches, node);
  if (selector !== undefined && on !== undefined) {
    throw node.refusal(
      'Conflict',
      'has both a "selector" and "on"',
      'Give the function, or the name of the field.',
    );
  }
  if (selector === undefined && typeof on !== 'string') {
    throw node.refusal('MissingPart', 'has neither a "selector" nor "on"', 'Say how the path is chosen.');
  }
  if (on !== undefined && branches !== undefined) {
    throw node.refusal(
      'Conflict',
      'has both "on" and "branches"',
      'Leave the list out: the paths are the values that the field can have.',
    );
  }
  const definition =
    selector === undefined
      ? node.definition({}, readField, { name: 'selvage.branch.on', node: 'branch' })
      : node.definition(
          { selector },
          (given: { input: unknown }, context) => selector(given.input, context),
          { node: 'branch' },
        );
  return placeOver(node, options, config, (input) => {
    const handle = place(definition, { input, ...(tags ? { branches: tags } : { on }) }, config);
    const record = knotRecord(handle)!;
    const paths = new Map<string, Knot<unknown>>();
    const path = (tag: string): Knot<unknown> => {
      let knot = paths.get(tag);
      if (!knot) paths.set(tag, (knot = addPath(record, knotRecord(input)!, tag, tags)));
      return knot;
    };
    return Object.assign(handle, { path });
  });
}

function readField({ input, on }: { input: Record<string, unknown> | null; on: string }): unknown {
  return input?.[on];
}

function checkTags(branches: unknown, node: PlacedNode): readonly string[] {
  const isList = Array.isArray(branches) && branches.length > 0;
  if (isList && branches.every((tag) => typeof tag === 'string' && tag !== '')) {
    if (new Set(branches).size === branches.length) return branches as string[];
  }
  throw node.refusal(
    'WrongValue',
    'has a "selector" and no list of different tags in "branches"',
    `Say which there are: branch({ input, selector, branches: ['small', 'large'] }, …).`,
  );
}

/** This body is never called: the scheduler settles a path together with its branch. */
const passOn = (): void => {};
const PATH: DefinitionRecord = Object.freeze({
  name: 'selvage.path',
  inline: true,
  receives: 'values',
  body: passOn,
  code: passOn,
  source: '',
  options: Object.freeze({}),
});

function addPath(
  branchKnot: KnotRecord,
  input: KnotRecord,
  tag: string,
  tags: readonly string[] | undefined,
): Knot<unknown> {
  if (tags && !tags.includes(tag)) {
    throw new SelvageError(
      'InvalidConfig',
      `The branch "${branchKnot.id}" has no path "${tag}": it has ${tags.map((known) => `"${known}"`).join(', ')}. Add it to "branches".`,
      { details: { knot: branchKnot.id, tag, reason: 'WrongValue' } },
    );
  }
  const id = `${branchKnot.id}:${tag}`;
  checkKnotId(id);
  const { dispatcher } = branchKnot.options;
  const record: KnotRecord = Object.freeze({
    id,
    tapestry: branchKnot.tapestry,
    definition: PATH,
    inputs: new Map([
      ['branch', { kind: 'parent', knot: branchKnot }],
      ['input', { kind: 'parent', knot: input }],
    ] as const),
    options: Object.freeze({ ...(dispatcher && { dispatcher }) }),
    path: tag,
  });
  addKnot(record);
  return handleOf(record);
}
