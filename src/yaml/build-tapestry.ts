/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import { type AnyTapestry, pick, source, Tapestry, type BranchKnot, type Knot } from '../authoring';
import { attempt, detailsOf, findingOf, isCode, optionOf, report } from './authoring-errors';
import { isObject } from '../authoring/checks';
import { daily, hourly, list, monthly, product, weekly, type AnyDomain } from '../partitions';
import { shapeOf, UNKNOWN, type KnownShape } from './known-shape';
import { KnotShapes } from './knot-shapes';
import { NamedCallables, type Surroundings } from './named-callables';
import { optionsOf, summaryOf } from './node-options';
import { placeNode, type TapestryParts } from './place-node';
import type { Problems } from './problems';
import type { DocumentSection, NodeSection, Section } from './read-document';
import { inOrder, isPart, isShared, Names, parameterName, referenceAt, type Reference } from './references';

type AnyKnot = Knot<any>;
type Inputs = Record<string, unknown>;
type Given = Readonly<Record<string, any>>;

/** Name of the definition in place of a node that could not be made, so that problems of other nodes are found, too. */
const PLACEHOLDER = 'yaml.placeholder';

/**
 * Makes the tapestry of a document by the functions of the authoring API. Errors of the authoring API become problems
 * with positions. If there are problems, the result is unusable.
 */
export function buildTapestry(document: DocumentSection, surroundings: Surroundings): AnyTapestry {
  return new TapestryBuilder(document, surroundings).build();
}

class TapestryBuilder implements TapestryParts {
  private readonly problems: Problems;
  private readonly names: Names;
  private readonly tapestry: AnyTapestry;
  private readonly knots = new Map<NodeSection, AnyKnot>();
  readonly shapes: KnotShapes;
  readonly callables: NamedCallables;
  private readonly branches = new Map<NodeSection, BranchKnot<Record<string, unknown>>>();
  private readonly picks = new Map<string, AnyKnot>();
  private readonly taken: Set<string>;
  private stand: AnyKnot | undefined;

  constructor(
    private readonly document: DocumentSection,
    private readonly surroundings: Surroundings,
  ) {
    this.problems = surroundings.problems;
    this.shapes = new KnotShapes(this.problems);
    this.callables = new NamedCallables(surroundings);
    this.names = new Names(document, this.problems);
    this.taken = new Set(document.nodes.map(({ id }) => id));
    this.tapestry = this.emptyTapestry();
  }

  build(): AnyTapestry {
    const { nodes } = this.document;
    const built = new Set<string>();
    for (const node of inOrder(nodes, this.names, this.problems)) {
      // A second node with the same id has been reported.
      if (built.has(node.id)) continue;
      built.add(node.id);
      this.knots.set(node, this.place(node));
    }
    this.setTerminals();
    return this.tapestry;
  }

  private emptyTapestry(): AnyTapestry {
    const { section } = this.document;
    const { fields } = section;
    const description = typeof fields['description'] === 'string' ? fields['description'].trim() : '';
    const { extensible } = fields;
    const options: Record<string, unknown> = {
      ...(fields['knots'] !== undefined &&
        isObject(fields['knots']) && { knots: optionsOf(fields['knots']) }),
      ...(fields['failOn'] !== undefined && { failOn: fields['failOn'] }),
      ...(description !== '' && { description }),
      ...(fields['taskQueue'] !== undefined && { taskQueue: fields['taskQueue'] }),
      ...(fields['dependsOnPrevious'] !== undefined && { dependsOnPrevious: fields['dependsOnPrevious'] }),
      ...(fields['emitters'] !== undefined && {
        emitters: this.named(section, ['emitters'], fields['emitters']).map(({ value }) => value),
      }),
      ...(extensible !== undefined && {
        extensible: isObject(extensible)
          ? {
              definitions: this.named(section, ['extensible', 'definitions'], extensible['definitions']).map(
                ({ value, definition }) => this.callables.definition(value, definition, false),
              ),
            }
          : extensible,
      }),
    };
    if (fields['partition'] !== undefined) {
      const domain = attempt(this.problems, section, () => domainOf(fields['partition']), 'partition');
      if (domain !== undefined) options['partition'] = domain;
    }
    const name = fields['name'] ?? this.surroundings.defaultName;
    for (let tries = 0; tries < 20; tries++) {
      try {
        return new Tapestry(name as string, options);
      } catch (error) {
        const option = optionOf(error);
        report(this.problems, section, error, option ?? 'name');
        if (option === undefined || !(option in options)) break;
        delete options[option];
      }
    }
    return new Tapestry('placeholder');
  }

  /** The callables of some names; unknown names are reported. */
  private named(
    section: Section,
    at: readonly string[],
    names: unknown,
  ): { readonly value: unknown; readonly definition: string }[] {
    return (Array.isArray(names) ? names : []).flatMap((name: unknown, index) => {
      const found = this.surroundings.callables.find(String(name));
      if ('value' in found) return [found];
      this.problems.add(section.at(...at, index), found);
      return [];
    });
  }

  private place(node: NodeSection): AnyKnot {
    const { section } = node;
    if (node.type === 'parameter') return this.parameter(node);
    const options = optionsOf(section.fields);
    const summary = summaryOf(section.fields);
    if (summary !== undefined) options['summary'] = summary;
    return placeNode(this, node, options);
  }

  private parameter(node: NodeSection): AnyKnot {
    const { section, id } = node;
    const { fields } = section;
    const key = fields['schema'] === undefined ? 'type_' : 'schema';
    const schema = this.callables.schema(section, key);
    const isGiven =
      fields['hasDefault'] === true ||
      (fields['hasDefault'] === undefined && (fields['default'] ?? null) !== null);
    const options = isGiven ? { default: fields['default'] ?? null } : {};
    const made = attempt(
      this.problems,
      section,
      () => this.tapestry.parameter(parameterName(id), schema, options),
      'id',
      'default',
    );
    if (made === undefined) return this.placeholder();
    this.shapes.set(made, shapeOf(schema, 'output'));
    return made;
  }

  /**
   * Places a knot. Refusals are reported and repaired as far as possible, so that the next mistake is found as
   * well. `inputs` may be changed.
   */
  placed(
    { section, id }: NodeSection,
    options: Record<string, unknown>,
    inputs: Inputs,
    make: (config: any, inputs: any) => AnyKnot,
  ): AnyKnot {
    for (let tries = 0; tries < 100; tries++) {
      try {
        return make({ ...options, id, tapestry: this.tapestry }, inputs);
      } catch (error) {
        const { input } = detailsOf(error);
        const option = optionOf(error);
        report(this.problems, section, error);
        if (typeof input === 'string' && isCode(error, 'UnknownInput') && input in inputs)
          delete inputs[input];
        else if (typeof input === 'string' && isCode(error, 'MissingInput'))
          inputs[input] = this.placeholder();
        else if (typeof input === 'string' && input in inputs) inputs[input] = this.placeholder();
        else if (option !== undefined && option in options) delete options[option];
        else break;
      }
    }
    return this.placeholder();
  }

  private placeholder(): AnyKnot {
    return (this.stand ??= source({ read: () => null }, { id: PLACEHOLDER, tapestry: this.tapestry }));
  }

  /** Returns a substitute for an unknown name. */
  knotOf(reference: Reference | undefined): AnyKnot {
    if (!reference) return this.placeholder();
    const target = this.names.find(reference.name);
    if (!target) return this.placeholder();
    const { node, tag } = target;
    let found: AnyKnot | undefined;
    if (node === 'partition') found = this.tapestry.partition;
    else if (tag === undefined) found = this.knots.get(node);
    else found = this.pathOf(node, tag);
    if (!found) return this.placeholder();
    return reference.steps ? this.part(reference, found, reference.steps) : found;
  }

  private pathOf(node: NodeSection, tag: string): AnyKnot | undefined {
    const made = this.branches.get(node);
    const found = made && attempt(this.problems, node.section, () => made.path(tag), 'branches');
    if (found && !this.shapes.has(found)) this.shapes.set(found, this.shapeOfInput(node));
    return found;
  }

  /** The input of a gate or a branch, given in `input`, or in `parents` and `config`. */
  decidedBy(node: NodeSection, inputs: Inputs): object {
    const { input } = node.section.fields;
    this.taken.add(`${node.id}.inputs`);
    return {
      ...(input !== undefined && { input: this.knotOf(referenceAt(node, input, ['input'])) }),
      ...(Object.keys(inputs).length > 0 && { inputs }),
    };
  }

  shapeOfInput(node: NodeSection): KnownShape {
    const { input } = node.section.fields;
    if (input !== undefined) return this.shapes.of(this.knotOf(referenceAt(node, input, ['input'])));
    return UNKNOWN;
  }

  /** One knot per part, shared by all nodes that need it. */
  private part({ name, range }: Reference, from: AnyKnot, steps: readonly string[]): AnyKnot {
    const key = JSON.stringify([name, steps]);
    const known = this.picks.get(key);
    if (known) return known;
    const shape = this.shapes.walk(from, name, steps, range);
    const wanted = `${name.replace(/^param:/, '')}.${steps.join('.')}`
      .replaceAll(/[^A-Za-z0-9_.:/-]/g, '_')
      .slice(0, 190);
    let id = wanted;
    for (let count = 2; this.taken.has(id); count++) id = `${wanted}/${count}`;
    this.taken.add(id);
    let made: AnyKnot;
    try {
      made = pick({ from, path: steps }, { id, tapestry: this.tapestry });
    } catch (error) {
      this.problems.add(range(), findingOf(error));
      made = this.placeholder();
    }
    this.picks.set(key, made);
    this.shapes.set(made, shape);
    return made;
  }

  inputsOf(node: NodeSection): Inputs {
    const { section } = node;
    const { parents, config } = section.fields;
    const inputs: Inputs = {};
    if (isObject(parents)) {
      for (const [name, value] of Object.entries(parents))
        inputs[name] = this.knotOf(referenceAt(node, value, ['parents', name]));
    }
    if (!isObject(config)) return inputs;
    for (const [name, value] of Object.entries(config)) {
      if (Object.hasOwn(inputs, name)) {
        this.problems.add(section.keyAt('config', name), {
          code: 'InvalidConfig',
          reason: 'Conflict',
          message: `The input "${name}" is given twice, in "parents" and in "config". Remove one of the two.`,
        });
      } else if (isPart(value) && this.names.find(value.from)) {
        this.problems.add(section.at('config', name), {
          code: 'HiddenKnot',
          message: `"config" has constants, and the input "${name}" names the node "${value.from}". Move it to "parents".`,
        });
      } else inputs[name] = value;
    }
    return inputs;
  }

  setShape(made: AnyKnot, shape: KnownShape): AnyKnot {
    if (made !== this.stand) this.shapes.set(made, shape);
    return made;
  }

  setBranch(node: NodeSection, made: AnyKnot): void {
    if (made === this.stand) return;
    const { branches } = node.section.fields;
    const handle = made as unknown as BranchKnot<Record<string, unknown>>;
    this.branches.set(node, handle);
    // As in pirn, all paths exist, also without knots downstream.
    for (const tag of Array.isArray(branches) ? (branches as string[]) : []) this.pathOf(node, tag);
  }

  private setTerminals(): void {
    const { section } = this.document;
    const { terminals } = section.fields;
    if (!isObject(terminals) && !Array.isArray(terminals)) return;
    const named = Array.isArray(terminals)
      ? terminals.map((name, index) => [String(name), String(name), index] as const)
      : Object.entries(terminals).map(([name, id]) => [name, String(id), name] as const);
    const knots: Record<string, AnyKnot> = {};
    for (const [name, id, step] of named) {
      const reference = { name: id, range: () => section.at('terminals', step) };
      if (this.names.find(id)) knots[name] = this.knotOf(reference);
      else this.names.refuse(reference, this.problems);
    }
    if (Object.keys(knots).length > 0)
      attempt(this.problems, section, () => this.tapestry.terminals(knots), 'terminals');
  }

  isNode(value: unknown): boolean {
    return isShared(value, this.names);
  }
}

/**
 * The domain of `{ daily: { start: 2024-01-01 } }` and similar forms. Throws `InvalidConfig`. The domain is undefined
 * for a wrong form, which has been reported.
 */
function domainOf(given: unknown): AnyDomain | undefined {
  const [entry, ...others] = Object.entries((given ?? {}) as Given);
  if (!entry || others.length > 0) return undefined;
  const [kind, said] = entry;
  if (kind === 'list') return list(said as string[]);
  if (kind === 'product') {
    const parts = Object.entries(said as Given).map(([name, part]) => [name, domainOf(part)] as const);
    return parts.some(([, part]) => part === undefined)
      ? undefined
      : product(Object.fromEntries(parts) as Record<string, AnyDomain>);
  }
  const make = { daily, hourly, weekly, monthly }[kind];
  if (!make || typeof said !== 'object' || said === null || typeof (said as Given)['start'] !== 'string')
    return undefined;
  const { start, ...options } = said as { start: string };
  return make(start, options);
}
