import { SelvageError } from '../errors';
import { effectiveOptions, pythonKnot, recordOf, type Tapestry } from '../authoring';
import { isKnotClass } from '../authoring/knot-class';
import { definitionRecord, isMarkedEmitter } from '../authoring/marks';
import { PARAMETER_PREFIX } from '../authoring/names';
import { isGathered } from '../authoring/nodes/input-of';
import type {
  DefinitionRecord,
  InputRecord,
  KnotRecord,
  ParameterRecord,
  TapestryEmitter,
  TapestryRecord,
} from '../authoring/records';
import { withNested } from '../runtime';
import type { ScheduleDeclaration } from '../triggers';
import type { Callables } from './callables';
import { NotSayable } from './not-sayable';
import { type Fields, sayOptions, sayQuery, sayDomain, saySchedule, json, schemaAsJson } from './say-values';

export interface ExportOptions {
  /** Callables by the names that the document uses. */
  readonly callables: Callables;
  /** Path of the callables in the document, such as `./pipeline.ts`. Default: none. */
  readonly callablesFile?: string;
  /** Schedules of this tapestry. */
  readonly schedules?: readonly ScheduleDeclaration[];
}

/**
 * A tapestry, with its nested ones, as a YAML document.
 *
 * @throws SelvageError `NotExportable`, with all parts that a document cannot have: functions written in place,
 *   constants that are not JSON, schemas without a JSON Schema
 */
export function yamlForTapestry(
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever parameters and values
  tapestry: Tapestry<any, any>,
  options: ExportOptions,
): string {
  const exporter = new Exporter(options);
  const documents = exporter.documents(recordOf(tapestry));
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- 30 ms that only who exports pays
  const yaml = require('yaml') as typeof import('yaml');
  return documents
    .map((document) => yaml.stringify(document, { lineWidth: 100, aliasDuplicateObjects: false }))
    .join('---\n');
}

class Exporter {
  private readonly names = new Map<object, string>();
  private readonly reasons: string[] = [];
  private namesPython = false;

  constructor(private readonly options: ExportOptions) {
    for (const [name, value] of Object.entries(options.callables)) {
      for (const emitter of [value].flat())
        if (isMarkedEmitter(emitter)) this.names.set(emitter as object, name);
      if (typeof value !== 'function') continue;
      // A definition is recognised by its record: `optional` makes another definition with the same body.
      const known = isKnotClass(value) ? value : (definitionRecord(value) ?? value);
      if (!this.names.has(known)) this.names.set(known, name);
    }
  }

  documents(tapestry: TapestryRecord): Fields[] {
    const all = new Set([tapestry]);
    for (const { knots } of all) for (const { nested } of knots.values()) if (nested) all.add(nested);
    const documents = [...all].map((each) => this.document(each, each === tapestry));
    if (this.reasons.length === 0) return documents;
    throw new SelvageError(
      'NotExportable',
      `The tapestry "${tapestry.name}" cannot be said in YAML:\n${this.reasons.map((reason) => `  - ${reason}`).join('\n')}`,
      { details: { tapestry: tapestry.name, problems: this.reasons } },
    );
  }

  private document(tapestry: TapestryRecord, isFirst: boolean): Fields {
    const { name, options, knots, terminals } = tapestry;
    const {
      knots: inherited,
      failOn,
      description,
      extensible,
      taskQueue,
      partition,
      dependsOnPrevious,
      emitters,
    } = options;
    const nodes = [...knots.values()]
      .filter(({ path, definition }) => path === undefined && !isGathered(definition))
      .filter(({ id }) => id !== `${PARAMETER_PREFIX}partition`)
      .map((knot) => this.node(knot, tapestry));
    const { callablesFile, schedules = [] } = this.options;
    return {
      name,
      ...(description !== undefined && { description }),
      ...(callablesFile !== undefined && { callables: callablesFile }),
      ...(this.namesPython && { allow_callable_refs: true }),
      ...(taskQueue !== undefined && { taskQueue }),
      ...(failOn !== undefined && { failOn }),
      ...(inherited && { knots: this.attempt(() => sayOptions(inherited)) }),
      ...(partition && { partition: sayDomain(partition.description) }),
      ...(dependsOnPrevious !== undefined && { dependsOnPrevious }),
      ...(emitters && {
        emitters: [
          ...new Set(emitters.flat().map((emitter) => this.attempt(() => this.nameOfEmitter(emitter, name)))),
        ],
      }),
      ...(extensible !== undefined && { extensible: this.extensible(name, extensible) }),
      ...(terminals && {
        terminals: [...terminals].every(([terminal, knot]) => terminal === knot.id)
          ? [...terminals.keys()]
          : Object.fromEntries([...terminals].map(([terminal, knot]) => [terminal, this.say(knot)])),
      }),
      ...(isFirst && schedules.length > 0 && { schedules: schedules.map(saySchedule) }),
      nodes,
    };
  }

  private extensible(
    tapestry: string,
    given: boolean | { readonly definitions: readonly object[] },
  ): unknown {
    if (typeof given === 'boolean') return given;
    return {
      definitions: given.definitions.map((definition) =>
        this.attempt(() =>
          this.nameOf(
            isKnotClass(definition) ? definition : definitionRecord(definition)!,
            `a definition of "extensible" of "${tapestry}"`,
          ),
        ),
      ),
    };
  }

  private node(knot: KnotRecord, tapestry: TapestryRecord): Fields {
    const { id, definition } = knot;
    if (!definition) return this.parameter(tapestry.parameters.get(id.slice(PARAMETER_PREFIX.length))!);
    const body = this.attempt(() => this.body(knot, definition)) ?? {};
    const options = this.attempt(() => this.ownOptions(knot, definition, tapestry)) ?? {};
    return { id, ...body, ...options };
  }

  private parameter({ name, schema, hasDefault, default: value }: ParameterRecord): Fields {
    const what = `the parameter "${name}"`;
    return {
      id: name,
      type: 'parameter',
      schema: this.attempt(() => schemaAsJson(schema, what)),
      ...(hasDefault && { default: this.attempt(() => json(value, `the default of ${what}`)) }),
    };
  }

  private body(knot: KnotRecord, definition: DefinitionRecord): Fields {
    const { id, inputs, nested } = knot;
    const kind = definition.inline ? definition.name.replace(/^selvage\./, '') : 'knot';
    const input = (name: string): unknown => this.reference(inputs.get(name)!, `"${name}" of "${id}"`);
    const its = (name: string): unknown => {
      const given = inputs.get(name);
      return given?.kind === 'constant' ? given.value : undefined;
    };
    const code = (role: string): string => this.nameOf(definition.code, `the "${role}" of "${id}"`);
    switch (kind) {
      case 'knot':
        return { type: 'knot', callable: this.definitionName(definition, id), ...this.inputs(knot) };
      case 'source':
        return { type: kind, callable: code('read') };
      case 'sink':
        return { type: kind, callable: code('write'), ...this.inputs(knot) };
      case 'aggregate':
      case 'aggregate.outcomes':
        return { type: 'aggregate', combine: code('combine'), ...this.inputs(knot), ...receives(kind) };
      case 'reduce':
      case 'reduce.outcomes':
        return { type: 'reduce', of: input('of'), combine: code('combine'), ...receives(kind) };
      case 'reduce.fold':
        return {
          type: 'reduce',
          of: input('of'),
          fold: code('fold'),
          initial: this.constant(inputs.get('initial')!, `the "initial" of "${id}"`),
          has_initial: true,
        };
      case 'branch':
        return { type: 'branch', ...this.over(knot), selector: code('selector'), branches: its('branches') };
      case 'branch.on':
        return { type: 'branch', ...this.over(knot), on: its('on') };
      case 'gate':
        return { type: 'gate', ...this.over(knot), predicate: code('predicate') };
      case 'firstOk':
        return { type: 'firstOk', of: [...inputs.keys()].map(input) };
      case 'pick':
        return { type: kind, from: input('from'), path: its('path') };
      case 'select':
        return { type: kind, from: input('from'), columns: its('columns') };
      case 'sql':
        return { ...sayQuery(knot, definition), ...this.inputs(knot) };
      case 'map':
        return this.map(knot, definition);
      case 'waitForSignal':
        return {
          type: 'waitForSignal',
          signal: definition.wait!.signal,
          schema: schemaAsJson(definition.wait!.schema!, `the signal of "${id}"`),
          ...(definition.wait!.timeout !== undefined && { timeout: definition.wait!.timeout }),
          ...this.after(knot),
        };
      case 'sleep':
        return {
          type: 'sleep',
          duration: definition.wait!.ms ?? { from: input('ms') },
          ...this.over(knot),
          ...this.after(knot),
        };
      case 'waitUntil': {
        const { until } = definition.wait!;
        const time = until === undefined ? { from: input('time') } : new Date(until).toISOString();
        return { type: 'waitUntil', time, ...this.over(knot), ...this.after(knot) };
      }
      case 'subTapestry':
        return { type: 'subTapestry', tapestry: nested!.name, ...this.inputs(knot) };
      case 'loop':
        return {
          type: 'loop',
          step: nested!.name,
          ...this.inputs(knot),
          until: code('until'),
          max: its('selvage.max'),
        };
      default:
        throw new NotSayable(`"${id}" is a ${definition.name}, for which documents have no type`);
    }
  }

  private map({ id, inputs, tapestry }: KnotRecord, { map }: DefinitionRecord): Fields {
    const { each, bind, concurrency, batch, onError } = map!;
    const lists = [...inputs].filter(([name]) => name.startsWith('over.'));
    const shared = [...inputs].filter(([name]) => name.startsWith('shared.'));
    const sayShared = ([name, input]: readonly [string, InputRecord]): readonly [string, unknown] => [
      name.slice('shared.'.length),
      input.kind === 'parent' ? { from: this.say(input.knot) } : this.sharedConstant(input, id, tapestry),
    ];
    return {
      type: 'map',
      over:
        lists.length > 0
          ? Object.fromEntries(
              lists.map(([name, input]) => [name.slice('over.'.length), this.reference(input, id)]),
            )
          : this.reference(inputs.get('over')!, id),
      each: each.inline ? this.nameOf(each.code, `the "each" of "${id}"`) : this.definitionName(each, id),
      ...(bind !== undefined && { bind }),
      ...(shared.length > 0 && { shared: Object.fromEntries(shared.map(sayShared)) }),
      ...(concurrency !== undefined && { concurrency }),
      ...(batch !== undefined && { batch }),
      ...(onError !== undefined && { onError }),
    };
  }

  /** A text that equals the id of a node would be read as that node's value. */
  private sharedConstant(input: InputRecord, id: string, { knots }: TapestryRecord): unknown {
    const value = this.constant(input, `a constant in "shared" of "${id}"`);
    if (typeof value === 'string' && (knots.has(value) || knots.has(`${PARAMETER_PREFIX}${value}`)))
      throw new NotSayable(
        `"${id}" shares the text "${value}", which is the id of a node as well, for whose value it would be taken`,
      );
    return value;
  }

  /** The inputs that an author has given, and not the node itself. */
  private inputs({ id, inputs }: KnotRecord): Fields {
    const entries = [...inputs].filter(([name]) => !name.startsWith('selvage.'));
    const parents = entries.filter(([, { kind }]) => kind === 'parent');
    const constants = entries.filter(([, { kind }]) => kind === 'constant');
    return {
      ...(parents.length > 0 && {
        parents: Object.fromEntries(
          parents.map(([name, input]) => [name, this.reference(input, `"${name}" of "${id}"`)]),
        ),
      }),
      ...(constants.length > 0 && {
        config: Object.fromEntries(
          constants.map(([name, input]) => [name, this.constant(input, `the input "${name}" of "${id}"`)]),
        ),
      }),
    };
  }

  private after({ inputs }: KnotRecord): Fields {
    const after = [...inputs]
      .filter(([name]) => /^after\d+$/.test(name))
      .map(([name, input]) => this.reference(input, name));
    return after.length > 0 ? { after } : {};
  }

  private over({ inputs }: KnotRecord): Fields {
    const input = inputs.get('input');
    // The gathering knot was placed for several inputs.
    if (input?.kind === 'parent' && isGathered(input.knot.definition)) return this.inputs(input.knot);
    return input ? { input: this.reference(input, 'input') } : {};
  }

  private reference(input: InputRecord, what: string): string {
    if (input.kind === 'parent') return this.say(input.knot);
    throw new NotSayable(`${what} is a constant, where a document has the id of a node`);
  }

  private constant(input: InputRecord, what: string): unknown {
    if (input.kind === 'constant') return json(input.value, what);
    throw new NotSayable(`${what} is a knot, where a document has a constant`);
  }

  private say({ id, tapestry }: KnotRecord): string {
    if (!id.startsWith(PARAMETER_PREFIX)) return id;
    const name = id.slice(PARAMETER_PREFIX.length);
    return tapestry.knots.has(name) ? id : name;
  }

  private definitionName(definition: DefinitionRecord, id: string): string {
    const type = isKnotClass(definition.code) ? definition.code : undefined;
    const name = this.names.get(definition) ?? (type && this.names.get(type));
    if (name !== undefined) return name;
    if (isNamedPython(definition)) {
      this.namesPython = true;
      return `python:${definition.name}`;
    }
    throw new NotSayable(
      `the definition "${definition.name}", which "${id}" has, is not exported by the file. Export it`,
    );
  }

  private nameOf(code: object, what: string): string {
    const name = this.names.get(code);
    if (name !== undefined) return name;
    throw new NotSayable(`${what} is written in place. Make it a function of its own, and export it`);
  }

  private nameOfEmitter(emitter: TapestryEmitter, tapestry: string): string {
    const name = this.names.get(emitter);
    if (name !== undefined) return name;
    throw new NotSayable(
      `The emitter "${emitter.name}" of "${tapestry}" is not among the callables. Export it`,
    );
  }

  /** The knot's own options, without those of its definition and its tapestry. */
  private ownOptions(
    { options }: KnotRecord,
    definition: DefinitionRecord,
    tapestry: TapestryRecord,
  ): Fields {
    const ofDefinition = { ...definition.options, ...definition.map?.each.options };
    const inherited = effectiveOptions(tapestry.options, ofDefinition, {}) as Fields;
    const own = Object.entries(options).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(inherited[name]),
    );
    return sayOptions(Object.fromEntries(own));
  }

  private attempt<T>(make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof NotSayable)) throw error;
      this.reasons.push(`${error.message}.`);
      return undefined;
    }
  }
}

/** Bodies of Python that the tapestry's document names, which are needed to load the document as a text. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever parameters and values
export function namedPython(tapestry: Tapestry<any, any>): Callables {
  const all = withNested(recordOf(tapestry));
  const bodies = [...all].flatMap(({ knots }) =>
    [...knots.values()].flatMap(({ definition }) => definition?.map?.each ?? definition ?? []),
  );
  return Object.fromEntries(
    bodies.filter(isNamedPython).map(({ name }) => [`python:${name}`, pythonKnot(name)]),
  );
}

/** The definition has only the name of a body of Python. */
function isNamedPython({ name, host, receives, options, source, ...said }: DefinitionRecord): boolean {
  const { input, output, version, optional } = said;
  return (
    host?.kind === 'python' &&
    Object.keys(host).length === 1 &&
    receives === 'values' &&
    Object.keys(options).length === 0 &&
    [input, output, version, optional, source].every((each) => each === undefined) &&
    /^[\w.]+:[^:]+$/.test(name)
  );
}

function receives(kind: string): Fields {
  return kind.endsWith('.outcomes') ? { receives: 'outcomes' } : {};
}
