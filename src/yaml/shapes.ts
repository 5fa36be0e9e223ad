import type { z as Zod, ZodType } from 'zod';
import { zod } from '../node/json-schema-of';
import { basicShapes } from './basic-shapes';
import { dispatcherShape } from './dispatchers';
import { POLICIES } from './node-options';
import { optional, OptionShapes } from './option-shapes';
import { triggerShapes } from './trigger-shapes';

/** The permitted content of documents, as schemas. The schemas check documents and make the package's JSON Schema. */
interface Shapes {
  /** Leaves nodes unchecked. */
  readonly document: ZodType;
  /** By `type`. */
  readonly nodes: Readonly<Record<string, ZodType>>;
  /** Everything, for editors. */
  readonly whole: ZodType;
}

/** Names of options, by the names that pirn's documents have for them. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  error_policy: 'errorPolicy',
  validate_io: 'validate',
  has_default: 'hasDefault',
  has_initial: 'hasInitial',
  allow_callable_refs: 'allowCallableRefs',
  allowed_module_prefixes: 'allowedModulePrefixes',
};

export const TYPE_SYNONYMS: Readonly<Record<string, string>> = { aggregator: 'aggregate' };

let made: Shapes | undefined;

export function shapes(): Shapes {
  return (made ??= makeShapes(zod().z));
}

function makeShapes(z: typeof Zod): Shapes {
  const basic = basicShapes(z);
  const { text, callable, duration, oneOrMore } = basic;
  const path = z.union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1)], {
    error: 'a path such as address.city, or a list of its steps',
  });
  const reference = z
    .union([z.string().min(1), z.strictObject({ from: z.string().min(1), path: path.optional() })], {
      error: 'the id of a node, or { from: id, path: a.b }',
    })
    .meta({
      description:
        'The id of a node, the path of a branch (id:tag), or { from: id, path: a.b } for a part of its value',
    });
  const parents = z
    .record(z.string(), reference)
    .meta({ description: 'Inputs that are values of other nodes, by name' });
  const config = z
    .record(z.string(), z.unknown())
    .meta({ description: 'Inputs that are constants, by name' });
  const schema = z
    .union([z.string().min(1), z.record(z.string(), z.unknown()), z.boolean()], {
      error: 'a JSON Schema, the name of a type, or the name of a callable that is a schema',
    })
    .meta({
      description:
        'A JSON Schema, a type such as int or list[str], or the name of a schema among the callables',
    });
  const flag = z.boolean();

  const dataset = z.union(
    [
      z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/./i, 'a URL such as postgres://host/database/schema.table'),
      z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) }),
    ],
    { error: 'a URL such as postgres://host/database/schema.table, or { namespace, name }' },
  );
  const datasets = oneOrMore(
    dataset,
    'a URL such as s3://bucket/path, { namespace, name }, or a list of these',
  );
  const shaped = new OptionShapes(z, {
    duration,
    flag,
    dispatcher: dispatcherShape(z),
    errorPolicy: z.enum([...Object.values(POLICIES), ...Object.keys(POLICIES)]),
    datasets,
    columns: z.record(z.string(), z.array(z.string().min(1))),
  });
  const { reads, writes, columns, errorPolicy, validate, logs, ...others } = shaped.ofKnots();
  const policies = { errorPolicy, error_policy: errorPolicy, validate, validate_io: validate };
  const options = optional({ ...others, ...policies, logs });
  // In pirn, all nodes may have policies, which have no effect for parameters.
  const ofParameters = optional(policies);
  const data = optional({ reads, writes, columns });
  const own = {
    id: z.string().min(1).meta({ description: 'Names the node in this document and the knot in runs' }),
    description: text('For people; its first line is shown beside the knot').nullable().optional(),
    tags: z.array(z.string()).meta({ description: 'For people; shown behind the description' }).optional(),
  };
  const after = z
    .array(reference)
    .meta({ description: 'Nodes that it waits for before it begins' })
    .optional();
  const receives = z.enum(['values', 'outcomes']).meta({ description: 'What the function gets' }).optional();
  const tapestryName = z
    .string()
    .min(1)
    .meta({ description: 'The name of another document of the file, or of a callable that is a tapestry' });

  /** The input of a gate or a branch. */
  const oneOrSeveral = {
    input: reference.optional(),
    parents: parents.optional(),
    config: config.optional(),
  };

  const bodies: Record<string, Record<string, ZodType>> = {
    parameter: {
      type_: schema.optional(),
      schema: schema.optional(),
      default: z.unknown().optional(),
      has_default: flag.optional(),
      hasDefault: flag.optional(),
    },
    knot: { callable: callable('The body'), parents: parents.optional(), config: config.optional() },
    source: { callable: callable('What reads the value') },
    sink: {
      callable: callable('What writes the values'),
      parents: parents.optional(),
      config: config.optional(),
    },
    aggregate: {
      combine: callable('Makes one value of the inputs, by name'),
      parents: parents.optional(),
      config: config.optional(),
      receives,
    },
    branch: {
      ...oneOrSeveral,
      selector: callable('Answers the tag of the path to take').optional(),
      branches: z
        .array(z.string().min(1))
        .min(1)
        .meta({ description: 'All tags that the selector may answer' })
        .optional(),
      on: text('The field of the input that is the tag').optional(),
    },
    gate: { ...oneOrSeveral, predicate: callable('Whether the gate is open') },
    firstOk: { of: z.array(reference).min(1).meta({ description: 'In the order of preference' }) },
    map: {
      over: z
        .union([reference, z.record(z.string(), reference)], {
          error: 'the id of a node, { from, path }, or several by the names of inputs',
        })
        .meta({ description: 'The list or record, or several lists by the names of inputs' }),
      each: callable('The body of each element'),
      bind: text('The input that gets the element').optional(),
      shared: z
        .record(z.string(), z.unknown())
        .meta({
          description:
            'Inputs that are the same for all; the id of a node, or { from, path }, stands for its value',
        })
        .optional(),
      concurrency: z.number().optional(),
      batch: z.number().optional(),
      onError: z.enum(['fail', 'skip', 'collect']).optional(),
    },
    reduce: {
      of: reference,
      combine: callable(
        'Gets the whole list; with an initial value, the accumulator and an element',
      ).optional(),
      fold: callable('Gets the accumulator and an element').optional(),
      initial: z.unknown().optional(),
      has_initial: flag.optional(),
      hasInitial: flag.optional(),
      receives,
    },
    pick: { from: z.string().min(1), path },
    select: {
      from: reference,
      columns: z.array(z.string().min(1)).min(1).meta({ description: 'Names of columns of the table' }),
    },
    sql: {
      query: text('One SELECT. A table among the inputs is read by its name, another value is $name'),
      parents: parents.optional(),
      config: config.optional(),
      output: z
        .record(z.string(), z.string().min(1))
        .meta({ description: 'The columns that it yields, with their types' })
        .optional(),
      key: z
        .array(z.string().min(1))
        .meta({ description: 'Columns by which the rows are sorted' })
        .optional(),
      memory: text('The most memory, such as 4GB').optional(),
      spill: text('The most room in its temporary folder, such as 50GB').optional(),
      threads: z.number().optional(),
    },
    waitForSignal: { signal: text('The name of the signal'), schema: schema.optional(), after },
    sleep: {
      duration: z.union([duration, z.strictObject({ from: z.string().min(1), path: path.optional() })], {
        error: 'milliseconds, a text such as 90s, or { from: id, path: a.b }',
      }),
      input: reference.optional(),
      after,
    },
    waitUntil: {
      time: z.union(
        [z.string().min(1), z.number(), z.strictObject({ from: z.string().min(1), path: path.optional() })],
        {
          error: 'a time such as 2026-01-31T08:00:00Z, milliseconds since 1970, or { from: id, path: a.b }',
        },
      ),
      input: reference.optional(),
      after,
    },
    subTapestry: { tapestry: tapestryName, parents: parents.optional(), config: config.optional() },
    loop: {
      step: tapestryName,
      parents: parents.optional(),
      config: config.optional(),
      until: callable('Whether the loop is over'),
      max: z.number().meta({ description: 'Iterations at most' }).optional(),
    },
  };
  const nodes: Record<string, ZodType> = {};
  for (const [type, fields] of Object.entries(bodies)) {
    const names = [type, ...Object.keys(TYPE_SYNONYMS).filter((name) => TYPE_SYNONYMS[name] === type)];
    for (const name of names) {
      const { id, ...others } = own;
      const more = type === 'parameter' ? ofParameters : { ...options, ...data };
      // The columns of a select have the name of an option.
      nodes[name] = z.strictObject({ id, type: z.literal(name), ...fields, ...others, ...more, ...fields });
    }
  }

  const { schedule, triggers } = triggerShapes(z, basic, shaped);
  const timed = { start: z.string(), timezone: z.string().optional(), last: z.string().optional() };
  const plainDomains = {
    daily: z.strictObject(timed),
    hourly: z.strictObject(timed),
    weekly: z.strictObject({ ...timed, firstDay: z.string().optional() }),
    monthly: z.strictObject(timed),
    list: z.array(z.string()).min(1),
  };
  const domains = Object.entries(plainDomains).map(([kind, fields]) => z.strictObject({ [kind]: fields }));
  const partition = z
    .union([...domains, z.strictObject({ product: z.record(z.string(), z.union(domains)) })], {
      error:
        'one of daily, hourly, weekly, monthly, list and product, such as { daily: { start: 2024-01-01 } }',
    })
    .meta({ description: 'The partitions of the tapestry' });
  const fields = {
    name: text('Of the tapestry, and of its workflow type').nullable().optional(),
    description: text('For people').nullable().optional(),
    allow_callable_refs: flag.optional(),
    allowCallableRefs: flag
      .meta({
        description: 'Whether callables may be named as module:export, below the folder of the document',
      })
      .optional(),
    allowed_module_prefixes: z.array(z.string()).nullable().optional(),
    allowedModulePrefixes: z
      .array(z.string())
      .meta({ description: 'Of module:export, the modules, or folders of modules, that may be named' })
      .optional(),
    callables: oneOrMore(z.string().min(1), 'the path of a file, or a list of paths')
      .meta({
        description:
          'Files below the folder of the document whose exports are the callables. Default: callables.ts beside it',
      })
      .optional(),
    knots: z
      .strictObject(options)
      .meta({ description: 'Options of all knots that say nothing else' })
      .optional(),
    failOn: z.enum(['unhandled', 'any', 'never']).optional(),
    taskQueue: z.string().min(1).meta({ description: 'Task queue of its runs' }).optional(),
    extensible: z
      .union([flag, z.strictObject({ definitions: z.array(z.string()) })], {
        error: 'true, false, or { definitions: [callables] }',
      })
      .optional(),
    emitters: z
      .array(z.string().min(1))
      .meta({ description: 'Emitters among the callables, which hear of its runs alone' })
      .optional(),
    partition: partition.optional(),
    dependsOnPrevious: flag.optional(),
    terminals: z
      .union([z.array(z.string().min(1)).min(1), z.record(z.string(), z.string().min(1))], {
        error: 'a list of ids, or ids by name',
      })
      .meta({ description: 'The nodes whose values a run yields. Default: nodes without consumers' })
      .optional(),
    schedules: z
      .array(schedule)
      .meta({ description: 'When runs start; deployed by selvage schedules deploy' })
      .optional(),
  };
  return {
    document: z.strictObject({
      ...fields,
      nodes: z.array(z.unknown()).optional(),
      triggers: z.array(z.unknown()).optional(),
    }),
    nodes: {
      ...nodes,
      ...Object.fromEntries(Object.entries(triggers).map(([type, shape]) => [`trigger ${type}`, shape])),
    },
    whole: z.strictObject({
      ...fields,
      nodes: z.array(z.union(Object.values(nodes) as [ZodType, ZodType])).optional(),
      triggers: z
        .array(z.union(Object.values(triggers) as [ZodType, ZodType]))
        .meta({ description: 'What else starts runs; served by selvage serve' })
        .optional(),
    }),
  };
}
