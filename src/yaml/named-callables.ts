/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import { type AnyTapestry, knot, type Knot, pythonKnot, type StandardSchema } from '../authoring';
import { definitionOfClass, isKnotClass, type KnotClassOf } from '../authoring/knot-class';
import { definitionRecord } from '../authoring/marks';
import { nearestName } from '../authoring/names';
import type { DefinitionRecord } from '../authoring/records';
import { attempt } from './authoring-errors';
import { kindOf, PythonBody, type CallableTable } from './callables';
import { GivenSchemas } from './given-schemas';
import type { Problems, Range } from './problems';
import type { Section } from './read-document';
import { schemaOf, TypeProblem } from './types';

type AnyKnot = Knot<any>;

/** Names that a document may use, beside its own nodes. */
export interface Surroundings {
  readonly callables: CallableTable;
  readonly problems: Problems;
  /** Name of a document without one. */
  readonly defaultName: string;
  /** The tapestry of another document of the file. `circle`: a tapestry that nests itself, as reported. */
  tapestryNamed(name: string, range: () => Range): AnyTapestry | 'circle' | undefined;
  readonly tapestryNames: readonly string[];
  /** One definition per function and name, for all nodes. */
  readonly definitions: Map<object, Map<string, unknown>>;
}

interface NodeBody {
  readonly place: (inputs: any, config: any) => AnyKnot;
  readonly record: DefinitionRecord;
}

/** Resolves the names in a document's sections. A wrong name becomes a problem, and undefined is returned. */
export class NamedCallables {
  private readonly problems: Problems;
  private readonly givenSchemas = new GivenSchemas();
  /** Schemas are cached by type, as most parameters have one of few types. */
  private readonly schemas = new Map<unknown, StandardSchema>();

  constructor(private readonly surroundings: Surroundings) {
    this.problems = surroundings.problems;
  }

  callable(
    section: Section,
    key: string,
  ): { readonly value: unknown; readonly definition: string } | undefined {
    const name = section.fields[key];
    if (typeof name !== 'string') return undefined;
    const found = this.surroundings.callables.find(name);
    if ('value' in found) return found;
    // A module that could not be loaded has been reported.
    this.problems.addUnlessKnown(section.at(key), found);
    return undefined;
  }

  /** A function in place, such as a selector. */
  plainFunction(section: Section, key: string): ((...args: any[]) => any) | undefined {
    const found = this.callable(section, key);
    if (!found) return undefined;
    const kind = kindOf(found.value);
    if (kind === 'function') return found.value as (...args: any[]) => any;
    this.problems.add(section.at(key), {
      code: 'InvalidConfig',
      reason: 'WrongValue',
      message: `"${String(section.fields[key])}" is a ${WORDS[kind]}, and "${key}" takes a plain function.`,
    });
    return undefined;
  }

  /** The definition or class; a function becomes a definition. */
  body(section: Section, key: string, outcomes: boolean): NodeBody | undefined {
    const found = this.callable(section, key);
    if (!found) return undefined;
    const kind = kindOf(found.value);
    if (kind === 'schema' || kind === 'tapestry' || kind === 'emitter') {
      this.problems.add(section.at(key), {
        code: 'InvalidConfig',
        reason: 'WrongValue',
        message: `"${String(section.fields[key])}" is a ${WORDS[kind]}, and "${key}" takes a definition, a knot class or a function.`,
      });
      return undefined;
    }
    return attempt(
      this.problems,
      section,
      () => {
        const made = this.definition(found.value, found.definition, outcomes);
        if (!isKnotClass(made)) return { place: made, record: definitionRecord(made)! };
        const type = made as KnotClassOf<any, any> & { place(inputs: any, config: any): AnyKnot };
        return {
          place: (inputs: any, config: any) => type.place(inputs, config),
          record: definitionOfClass(type),
        };
      },
      key,
    );
  }

  /** A plain function becomes a definition under its name; other callables are placed unchanged. */
  definition(value: unknown, name: string, outcomes: boolean): any {
    if (kindOf(value) !== 'function' && !(value instanceof PythonBody)) return value;
    const { definitions } = this.surroundings;
    const byName = definitions.get(value as object) ?? new Map<string, unknown>();
    definitions.set(value as object, byName);
    const key = `${name}\n${String(outcomes)}`;
    let made = byName.get(key);
    if (made === undefined) {
      const body = value as () => unknown;
      if (value instanceof PythonBody)
        made = outcomes ? pythonKnot(name, { receives: 'outcomes' }) : pythonKnot(name);
      else made = outcomes ? knot(name, { receives: 'outcomes' }, body as never) : knot(name, body as never);
      byName.set(key, made);
    }
    return made;
  }

  nested(section: Section, key: string): AnyTapestry | undefined {
    const name = section.fields[key];
    if (typeof name !== 'string') return undefined;
    const other = this.surroundings.tapestryNamed(name, () => section.at(key));
    if (other) return other === 'circle' ? undefined : other;
    const found = this.surroundings.callables.find(name);
    if ('value' in found && kindOf(found.value) === 'tapestry') return found.value as AnyTapestry;
    if ('value' in found) {
      this.problems.add(section.at(key), {
        code: 'InvalidConfig',
        reason: 'WrongValue',
        message: `"${name}" is a ${WORDS[kindOf(found.value)]}, and "${key}" takes a tapestry.`,
      });
      return undefined;
    }
    const nearest = nearestName(name, this.surroundings.tapestryNames);
    this.problems.add(section.at(key), {
      ...found,
      message: `There is no document and no tapestry "${name}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}. Add it to the file as a document of its own, behind ---, or give it as one of the callables.`,
      ...(nearest !== undefined && { suggestion: nearest }),
    });
    return undefined;
  }

  /** The schema of a name; for an unusable schema, one that accepts everything. */
  schema(section: Section, key: string): StandardSchema {
    const given = section.fields[key] ?? 'Any';
    try {
      const schema =
        this.schemas.get(given) ?? schemaOf(given, this.surroundings.callables.all, this.givenSchemas);
      this.schemas.set(given, schema);
      return schema;
    } catch (error) {
      if (!(error instanceof TypeProblem)) throw error;
      this.problems.add(section.at(key), {
        code: 'UnknownType',
        message: error.message,
        expected: 'int, float, str, bool, list[str], dict[str, int], str | None, …, or a JSON Schema',
        ...(error.suggestion !== undefined && { suggestion: error.suggestion }),
      });
      return schemaOf('Any', new Map(), this.givenSchemas);
    }
  }
}

const WORDS = {
  python: 'body of Python',
  definition: 'knot definition',
  class: 'knot class',
  tapestry: 'tapestry',
  schema: 'schema',
  emitter: 'declaration of an emitter',
  function: 'function',
} as const;
