/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import {
  type AnyTapestry,
  aggregate,
  branch,
  firstOk,
  gate,
  loop,
  map,
  pick,
  reduce,
  sink,
  sleep,
  source,
  sql,
  subTapestry,
  waitForSignal,
  waitUntil,
  type Knot,
  type KnotConfig,
  type SqlQuery,
} from '../authoring';
import { table as tableOf, type Table } from '../tables';
import type { Duration } from '../values/duration';
import { kindOf } from './callables';
import { anyOf, listOf, shapeOf, UNKNOWN, whole, type KnownShape } from './known-shape';
import type { KnotShapes } from './knot-shapes';
import type { NamedCallables } from './named-callables';
import type { NodeSection, Section } from './read-document';
import { isPart, referenceAt, type Reference } from './references';

type AnyKnot = Knot<any>;
type Inputs = Record<string, unknown>;

/** The parts of the tapestry in progress that placing a node needs. */
export interface TapestryParts {
  readonly shapes: KnotShapes;
  readonly callables: NamedCallables;
  /** See `TapestryBuilder.placed`. */
  placed(
    node: NodeSection,
    options: Record<string, unknown>,
    inputs: Inputs,
    make: (config: any, inputs: any) => AnyKnot,
  ): AnyKnot;
  /** Returns a substitute for an unknown name. */
  knotOf(reference: Reference | undefined): AnyKnot;
  /** The knots of `parents` and the constants of `config`. */
  inputsOf(node: NodeSection): Inputs;
  decidedBy(node: NodeSection, inputs: Inputs): object;
  shapeOfInput(node: NodeSection): KnownShape;
  /** Whether a value in `shared` names a node. */
  isNode(value: unknown): boolean;
  setShape(made: AnyKnot, shape: KnownShape): AnyKnot;
  setBranch(node: NodeSection, made: AnyKnot): void;
}

/** Calls the authoring function for the node's type. */
export function placeNode(
  parts: TapestryParts,
  node: NodeSection,
  options: Record<string, unknown>,
): AnyKnot {
  return PLACE[node.type]!.call(parts, node, options);
}

type Place = (this: TapestryParts, node: NodeSection, options: Record<string, unknown>) => AnyKnot;

const PLACE: Readonly<Record<string, Place>> = {
  knot: placeKnot,
  source(node, options) {
    const found = this.callables.callable(node.section, 'callable');
    if (!found || kindOf(found.value) !== 'function') return placeKnot.call(this, node, options);
    const read = found.value as () => unknown;
    return this.placed(node, options, {}, (config) => source({ read: read as never }, config));
  },
  sink(node, options) {
    const found = this.callables.callable(node.section, 'callable');
    if (!found || kindOf(found.value) !== 'function') return placeKnot.call(this, node, options);
    const write = found.value as () => unknown;
    return this.placed(node, options, this.inputsOf(node), (config, inputs) =>
      sink({ inputs, write: write as never }, config),
    );
  },
  aggregate(node, options) {
    const { section } = node;
    const found = this.callables.callable(section, 'combine');
    if (found && kindOf(found.value) !== 'function') return placeBody.call(this, node, options, 'combine');
    const combine = (found?.value ?? nothing) as () => unknown;
    const receives = receivesOf(section, options);
    return this.placed(node, options, this.inputsOf(node), (config, inputs) =>
      aggregate({ inputs, combine: combine as never, ...(receives && { receives }) }, config),
    );
  },
  branch(node, options) {
    const { section } = node;
    const { selector, branches, on } = section.fields;
    const made = this.placed(node, options, this.inputsOf(node), (config, inputs) =>
      branch(
        {
          ...this.decidedBy(node, inputs),
          ...(selector !== undefined && {
            selector: this.callables.plainFunction(section, 'selector') ?? nothing,
          }),
          ...(branches !== undefined && { branches }),
          ...(on !== undefined && { on }),
        } as never,
        config,
      ),
    );
    this.setBranch(node, made);
    return this.setShape(
      made,
      whole(Array.isArray(branches) ? { type: 'string', enum: branches } : { type: 'string' }),
    );
  },
  gate(node, options) {
    const predicate = this.callables.plainFunction(node.section, 'predicate') ?? nothing;
    const made = this.placed(node, options, this.inputsOf(node), (config, inputs) =>
      gate({ ...this.decidedBy(node, inputs), predicate } as never, config),
    );
    return this.setShape(made, this.shapeOfInput(node));
  },
  firstOk(node, options) {
    const { of } = node.section.fields;
    const knots = Array.isArray(of)
      ? of.map((value, index) => this.knotOf(referenceAt(node, value, ['of', index])))
      : [];
    const made = this.placed(node, options, {}, (config) => firstOk({ of: knots }, config));
    return this.setShape(made, anyOf(knots.map((each) => this.shapes.of(each))));
  },
  map: placeMap,
  reduce(node, options) {
    const { section } = node;
    const { fields } = section;
    const of = this.knotOf(referenceAt(node, fields['of'], ['of']));
    const isPairwise =
      fields['hasInitial'] === true ||
      (fields['hasInitial'] === undefined && (fields['initial'] ?? null) !== null);
    const receives = receivesOf(section, options);
    const key = fields['fold'] === undefined ? 'combine' : 'fold';
    const given =
      this.callables.plainFunction(section, key) ?? (fields[key] === undefined ? undefined : nothing);
    const both = fields['fold'] !== undefined && fields['combine'] !== undefined;
    const how = isPairwise && !both ? 'fold' : key;
    return this.placed(node, options, {}, (config) =>
      reduce(
        {
          of,
          ...(given && { [how]: given }),
          ...(both && { combine: nothing }),
          ...(isPairwise && { initial: fields['initial'] ?? null }),
          ...(receives && { receives }),
        } as never,
        config,
      ),
    );
  },
  pick(node, options) {
    const { from, path } = node.section.fields;
    const reference = referenceAt(node, { from, path }, []);
    const source = this.knotOf(reference && { name: reference.name, range: () => node.section.at('from') });
    const steps = reference?.steps ?? [];
    const made = this.placed(node, options, {}, (config) => pick({ from: source, path: steps }, config));
    return this.setShape(
      made,
      this.shapes.walk(source, String(from), steps, () => node.section.at('path')),
    );
  },
  select(node, options) {
    const { from, columns } = node.section.fields;
    // The option of this name is for lineage, which knows the columns of a selection.
    const { columns: _own, ...others } = options;
    const table = this.knotOf(referenceAt(node, from, ['from'])) as Knot<Table>;
    return this.placed(node, others, {}, (config) => table.select(columns as [string], config));
  },
  sql(node, options) {
    const { query, output, key, memory, spill, threads } = node.section.fields;
    return this.placed(node, options, this.inputsOf(node), (config, inputs: Inputs) => {
      const columns = output as Readonly<Record<string, string>> | undefined;
      const declared = columns && tableOf(columns, { key } as object);
      const given = { query, inputs, output: declared, memory, spill, threads } as SqlQuery;
      return sql(given, config as KnotConfig);
    });
  },
  waitForSignal(node, options) {
    const { section } = node;
    const { signal, timeout } = section.fields;
    const { timeout: _own, ...others } = options;
    const schema = this.callables.schema(section, 'schema');
    const made = this.placed(node, others, {}, (config) =>
      waitForSignal(
        {
          name: signal as string,
          schema,
          ...(timeout !== undefined && { timeout: timeout as Duration }),
          after: afterOf(this, node),
        },
        config,
      ),
    );
    return this.setShape(made, shapeOf(schema, 'output'));
  },
  sleep(node, options) {
    const { section } = node;
    const { duration } = section.fields;
    const ms = isPart(duration) ? this.knotOf(referenceAt(node, duration, ['duration'])) : duration;
    return placeWait(this, node, options, (given, config) => sleep({ ms: ms as never, ...given }, config));
  },
  waitUntil(node, options) {
    const { section } = node;
    const given = section.fields['time'];
    const time = isPart(given)
      ? this.knotOf(referenceAt(node, given, ['time']))
      : typeof given === 'string'
        ? new Date(given)
        : given;
    return placeWait(this, node, options, (more, config) =>
      waitUntil({ time: time as never, ...more }, config),
    );
  },
  subTapestry(node, options) {
    const nested = this.callables.nested(node.section, 'tapestry');
    const inputs = this.inputsOf(node);
    if (!nested) return this.knotOf(undefined);
    return this.placed(node, options, inputs, (config, given) =>
      subTapestry({ tapestry: nested, inputs: given }, config),
    );
  },
  loop(node, options) {
    const { section } = node;
    const step = this.callables.nested(section, 'step');
    const until = this.callables.plainFunction(section, 'until') ?? nothing;
    const initial = this.inputsOf(node);
    if (!step) return this.knotOf(undefined);
    const max = section.fields['max'] as number | undefined;
    return this.placed(node, options, initial, (config, given) =>
      loop({ step, initial: given, until: until as never, ...(max !== undefined && { max }) }, config),
    );
  },
};

/** A function in place of a missing one. */
function nothing(): never {
  throw new Error('A document with errors has no bodies.');
}

function placeKnot(this: TapestryParts, node: NodeSection, options: Record<string, unknown>): AnyKnot {
  const found = this.callables.callable(node.section, 'callable')?.value;
  if (found !== undefined && kindOf(found) === 'tapestry') {
    return this.placed(node, options, this.inputsOf(node), (config, inputs) =>
      subTapestry({ tapestry: found as AnyTapestry, inputs }, config),
    );
  }
  return placeBody.call(this, node, options, 'callable');
}

function placeBody(
  this: TapestryParts,
  node: NodeSection,
  options: Record<string, unknown>,
  key: string,
): AnyKnot {
  const inputs = this.inputsOf(node);
  const body = this.callables.body(node.section, key, options['errorPolicy'] === 'receiveErrors');
  if (!body) return this.knotOf(undefined);
  this.shapes.checkKinds(node, body.record, inputs, 'parents');
  const made = this.placed(node, options, inputs, (config, given) => body.place(given, config));
  return this.setShape(made, shapeOf(body.record.output, 'output'));
}

function placeMap(this: TapestryParts, node: NodeSection, options: Record<string, unknown>): AnyKnot {
  const { section } = node;
  const { over, bind, shared, concurrency, batch, onError } = section.fields;
  const isOne = typeof over === 'string' || isPart(over);
  const lists = isOne
    ? this.knotOf(referenceAt(node, over, ['over']))
    : Object.fromEntries(
        Object.entries(over ?? {}).map(([name, value]) => [
          name,
          this.knotOf(referenceAt(node, value, ['over', name])),
        ]),
      );
  const inputs: Inputs = {};
  for (const [name, value] of Object.entries(shared ?? {}))
    inputs[name] = this.isNode(value) ? this.knotOf(referenceAt(node, value, ['shared', name])) : value;
  const found = this.callables.callable(section, 'each');
  if (!found) return this.knotOf(undefined);
  const isInPlace = kindOf(found.value) === 'function';
  const body = isInPlace ? undefined : this.callables.body(section, 'each', false);
  if (!isInPlace && !body) return this.knotOf(undefined);
  if (body) {
    this.shapes.checkKinds(node, body.record, inputs, 'shared');
    if (isOne)
      this.shapes.checkElement(
        node,
        lists as AnyKnot,
        body.record,
        typeof bind === 'string' ? bind : 'element',
        ['over'],
      );
    else
      for (const [name, list] of Object.entries(lists as Record<string, AnyKnot>))
        this.shapes.checkElement(node, list, body.record, name, ['over', name]);
  }
  const made = this.placed(node, options, inputs, (config, given) =>
    map(
      {
        over: lists,
        each: kindOf(found.value) === 'python' ? body!.place : found.value,
        ...(bind !== undefined && { bind }),
        ...(Object.keys(given).length > 0 && { shared: given }),
        ...(concurrency !== undefined && { concurrency }),
        ...(batch !== undefined && { batch }),
        ...(onError !== undefined && { onError }),
      } as never,
      config,
    ),
  );
  const isList = onError === undefined || onError === 'fail' || onError === 'skip';
  const source = isOne ? this.shapes.of(lists as AnyKnot) : UNKNOWN;
  const isOverList = !isOne || source.schema?.type === 'array';
  return this.setShape(made, isList && isOverList ? listOf(shapeOf(body?.record.output, 'output')) : UNKNOWN);
}

function afterOf(builder: TapestryParts, node: NodeSection): AnyKnot[] {
  const { after } = node.section.fields;
  return Array.isArray(after)
    ? after.map((value, index) => builder.knotOf(referenceAt(node, value, ['after', index])))
    : [];
}

function placeWait(
  builder: TapestryParts,
  node: NodeSection,
  options: Record<string, unknown>,
  make: (given: { readonly input?: any; readonly after: AnyKnot[] }, config: any) => AnyKnot,
): AnyKnot {
  const { input } = node.section.fields;
  const passed = input === undefined ? undefined : builder.knotOf(referenceAt(node, input, ['input']));
  const after = afterOf(builder, node);
  const made = builder.placed(node, options, {}, (config) =>
    make({ ...(passed && { input: passed }), after }, config),
  );
  return builder.setShape(made, passed ? builder.shapes.of(passed) : UNKNOWN);
}

/** In pirn, only the error policy says what a function in place receives. */
function receivesOf(
  section: Section,
  options: Readonly<Record<string, unknown>>,
): 'values' | 'outcomes' | undefined {
  const { receives } = section.fields;
  if (receives === 'values' || receives === 'outcomes') return receives;
  return options['errorPolicy'] === 'receiveErrors' ? 'outcomes' : undefined;
}
