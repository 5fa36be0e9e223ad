import { nearestName, PARAMETER_PREFIX } from '../authoring/names';
import { stepsOf } from '../authoring/nodes/pick';
import type { DocumentSection, NodeSection } from './read-document';
import type { Problems, Range } from './problems';

export interface Reference {
  /** The id of a node, `param:<name>`, or a branch's path, `<id>:<tag>`. */
  readonly name: string;
  readonly steps?: readonly string[];
  /** The place of the reference, computed only for problems. */
  readonly range: () => Range;
}

interface Target {
  readonly node: NodeSection | 'partition';
  /** The tag, for a path of a branch. */
  readonly tag?: string;
}

/** Whether a value has the form `{ from }` or `{ from, path }`. */
export function isPart(value: unknown): value is { readonly from: string; readonly path?: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return (
    keys.includes('from') &&
    keys.every((key) => key === 'from' || key === 'path') &&
    typeof (value as { from: unknown }).from === 'string'
  );
}

/** The parameter's name in runs. */
export function parameterName(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

/** A comparison takes microseconds, so only the first wrong names are compared with all known ones. */
const MOST_COMPARISONS = 100_000;

export class Names {
  private readonly nodes = new Map<string, NodeSection>();
  private readonly hasPartition: boolean;
  private allKnown: readonly string[] | undefined;
  private comparisons = 0;

  constructor({ nodes, section }: DocumentSection, problems: Problems) {
    this.hasPartition = section.fields['partition'] !== undefined;
    for (const node of nodes) {
      const other = this.nodes.get(node.id);
      if (other === undefined) {
        this.nodes.set(node.id, node);
        continue;
      }
      problems.add(node.section.at('id'), {
        code: 'DuplicateId',
        message: `Two nodes have the id "${node.id}". Give one of them another id.`,
      });
    }
    for (const node of nodes) {
      const long = node.type === 'parameter' ? `${PARAMETER_PREFIX}${parameterName(node.id)}` : undefined;
      if (long !== undefined && !this.nodes.has(long)) this.nodes.set(long, node);
    }
  }

  find(name: string): Target | undefined {
    const node = this.nodes.get(name);
    if (node) return { node };
    if (this.hasPartition && (name === 'partition' || name === `${PARAMETER_PREFIX}partition`))
      return { node: 'partition' };
    // Try every colon, as ids may contain colons, too.
    for (let at = name.lastIndexOf(':'); at > 0; at = name.lastIndexOf(':', at - 1)) {
      const branch = this.nodes.get(name.slice(0, at));
      const tag = name.slice(at + 1);
      if (branch?.type !== 'branch' || tag === '') continue;
      const { branches } = branch.section.fields;
      if (!Array.isArray(branches) || branches.includes(tag)) return { node: branch, tag };
    }
    return undefined;
  }

  private list(): string[] {
    const paths = [...this.nodes].flatMap(([id, { type, section }]) => {
      const { branches } = section.fields;
      return type === 'branch' && Array.isArray(branches)
        ? branches.map((tag) => `${id}:${String(tag)}`)
        : [];
    });
    return [...paths, ...this.nodes.keys()].filter((name) => !name.startsWith(PARAMETER_PREFIX));
  }

  refuse({ name, range }: Reference, problems: Problems): void {
    const known = (this.allKnown ??= this.list());
    const nearest = this.comparisons > MOST_COMPARISONS ? undefined : nearestName(name, known);
    this.comparisons += known.length;
    const listed =
      known.length === 0
        ? 'there are none'
        : `${known.slice(0, 12).join(', ')}${known.length > 12 ? ` and ${known.length - 12} more` : ''}`;
    problems.add(range(), {
      code: 'UnknownKnot',
      message: `There is no node ${JSON.stringify(name.slice(0, 80))}${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
      expected: `the id of a node: ${listed}`,
      ...(nearest !== undefined && { suggestion: nearest }),
    });
  }
}

/** The references of a node, by the meaning of its keys; a part of a value counts as the whole. */
function referencesOf(node: NodeSection, names: Names): Reference[] {
  const { section, type } = node;
  const { fields } = section;
  const found: Reference[] = [];
  const add = (value: unknown, ...path: readonly PropertyKey[]): void => {
    const reference = referenceAt(node, value, path);
    if (reference) found.push(reference);
  };
  const each = (key: string): void => {
    const value = fields[key];
    if (typeof value !== 'object' || value === null) return;
    for (const [name, part] of Object.entries(value)) add(part, key, name);
  };
  each('parents');
  each('after');
  if (type !== 'waitForSignal') add(fields['input'], 'input');
  if (type === 'firstOk') each('of');
  else add(fields['of'], 'of');
  if (type === 'pick' || type === 'select') add(fields['from'], 'from');
  if (type === 'sleep' && isPart(fields['duration'])) add(fields['duration'], 'duration');
  if (type === 'waitUntil' && isPart(fields['time'])) add(fields['time'], 'time');
  if (type === 'map') {
    if (typeof fields['over'] === 'string' || isPart(fields['over'])) add(fields['over'], 'over');
    else each('over');
    for (const [name, value] of Object.entries(fields['shared'] ?? {})) {
      if (isShared(value, names)) add(value, 'shared', name);
    }
  }
  return found;
}

/** In `shared`, a text that equals a node's id refers to that node's value. */
export function isShared(value: unknown, names: Names): boolean {
  return typeof value === 'string' ? names.find(value) !== undefined : isPart(value);
}

/** Reads a reference; undefined for a wrong form, which has been reported. */
export function referenceAt(
  { section }: NodeSection,
  value: unknown,
  path: readonly PropertyKey[],
): Reference | undefined {
  if (typeof value === 'string') return { name: value, range: () => section.at(...path) };
  if (!isPart(value)) return undefined;
  const steps = value.path === undefined ? undefined : stepsOf(value.path);
  return { name: value.from, range: () => section.at(...path, 'from'), ...(steps && { steps }) };
}

/**
 * Orders nodes so that each comes after those that it refers to, otherwise as written. Nodes on a cycle are reported,
 * and stay as written.
 */
export function inOrder(nodes: readonly NodeSection[], names: Names, problems: Problems): NodeSection[] {
  const ordered: NodeSection[] = [];
  const state = new Map<NodeSection, 'open' | 'done'>();
  for (const first of nodes) {
    const open: { readonly node: NodeSection; readonly references: readonly Reference[]; next: number }[] =
      [];
    const enter = (node: NodeSection): void => {
      state.set(node, 'open');
      open.push({ node, references: referencesOf(node, names), next: 0 });
    };
    if (!state.has(first)) enter(first);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const reference = top.references[top.next++];
      if (!reference) {
        open.pop();
        state.set(top.node, 'done');
        ordered.push(top.node);
        continue;
      }
      const target = names.find(reference.name)?.node;
      if (target === undefined) names.refuse(reference, problems);
      if (target === undefined || target === 'partition') continue;
      if (state.get(target) === 'open') {
        const from = open.findIndex(({ node }) => node === target);
        const way = [...open.slice(from).map(({ node }) => node.id), target.id];
        problems.add(reference.range(), {
          code: 'Cycle',
          message: `The nodes depend on one another in a circle: ${way.length > 12 ? `${way.slice(0, 6).join(' → ')} → … → ${way.slice(-5).join(' → ')}` : way.join(' → ')}. To run something again and again, use a loop.`,
        });
      } else if (!state.has(target)) enter(target);
    }
  }
  return ordered;
}
