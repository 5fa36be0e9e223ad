import { z } from 'zod';
import { waitingKnot } from '../connection/explain/waiting';
import { json } from '../operations/fields';
import { innerOf } from '../operations/flat';
import { errorView } from '../operations/knots/error-view';
import { pathOf, type Operation } from '../operations/operation';
import { graphState, runGraph } from '../operations/run-graph';
import { runSummary } from '../operations/runs/summary';
import { tableView } from '../operations/values/table-view';
import { isTimeName } from '../values/answer-json';
import { VERSION } from '../version';

type JsonSchema = Record<string, unknown>;

const PROBLEM = {
  description: 'The question was not answered, or the act was not carried out. `code` is stable.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Sent again with the same key, the act is not carried out twice.',
  schema: { type: 'string' },
};
const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'The address of the documentation of `code`.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    details: {},
  },
};

/** Named schemas: parts of several answers, and recursive ones. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Json: json,
  ErrorView: errorView,
  KnotState: graphState,
  RunGraph: runGraph,
  RunSummary: runSummary,
  TableView: tableView,
  WaitingKnot: waitingKnot,
};

/** The OpenAPI 3.1 document of `/api/v1`, made from the operations. */
export function openApi(operations: readonly Operation[]): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  for (const operation of operations) {
    registry.add(operation.ask as z.ZodType, { id: schemaName(operation, 'Ask') });
    registry.add(operation.answer as z.ZodType, { id: schemaName(operation, 'Answer') });
  }
  // Describes an answer by its JSON, with `io: 'input'`, as an answer may get more fields later.
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: refOf,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => {
      if (
        zodSchema._zod.def.type === 'number' &&
        isTimeName(String(path.findLast((part) => part !== 'items')))
      )
        become(jsonSchema, { type: 'string', format: 'date-time' });
      if ((zodSchema as unknown) === json) become(jsonSchema, { description: 'any JSON value' });
      if (jsonSchema.default !== undefined) sayDefault(jsonSchema);
      if (zodSchema._zod.def.type === 'tuple') sayLength(jsonSchema);
      // In OpenAPI, `readOnly` forbids clients to send a field.
      delete jsonSchema.readOnly;
    },
  });
  const all = Object.fromEntries(
    Object.entries(schemas as Record<string, JsonSchema>).map(([id, { $schema: _, $id: __, ...schema }]) => [
      id,
      schema,
    ]),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: 'Selvage',
      version: VERSION,
      description: 'What can be asked and done about runs, values, schedules, streams and the rest.',
    },
    servers: [{ url: '.' }],
    security: [{ token: [] }],
    paths: Object.fromEntries(operations.map((operation) => pathItem(operation, all))),
    components: {
      schemas: { ...all, Problem: PROBLEM_SCHEMA },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function pathItem(operation: Operation, schemas: Readonly<Record<string, JsonSchema>>): [string, object] {
  const { name, kind, summary, description } = operation;
  const ask = schemas[schemaName(operation, 'Ask')]!;
  const isInUrl = kind === 'question' && isFlat(operation.ask as z.ZodObject);
  const path = `/${pathOf(name)}${kind === 'question' && !isInUrl ? '/query' : ''}`;
  const told = {
    operationId: name.replace('.', '_'),
    tags: [name.split('.')[0]],
    summary,
    ...(description !== undefined && { description }),
    ...(isInUrl
      ? { parameters: parametersOf(ask) }
      : {
          ...(operation.kind === 'act' && operation.repeat !== 'again' && { parameters: [KEY] }),
          requestBody: { required: true, content: jsonContent(schemaName(operation, 'Ask')) },
        }),
    responses: {
      200: { description: 'The answer.', content: jsonContent(schemaName(operation, 'Answer')) },
      default: PROBLEM,
    },
  };
  return [path, { [isInUrl ? 'get' : 'post']: told }];
}

function parametersOf({ properties = {}, required = [] }: JsonSchema): object[] {
  return Object.entries(properties as Record<string, JsonSchema>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      required: (required as readonly string[]).includes(name),
      ...(description !== undefined && { description }),
      schema,
    }),
  );
}

function isFlat({ shape }: z.ZodObject): boolean {
  return Object.values(shape).every((field) => {
    const inner = innerOf(field);
    if (inner instanceof z.ZodArray) return innerOf(inner.element) instanceof z.ZodString;
    return inner !== json && !(inner instanceof z.ZodObject || inner instanceof z.ZodRecord);
  });
}

function jsonContent(id: string): object {
  return { 'application/json': { schema: { $ref: refOf(id) } } };
}

/** The name of an operation's schema, such as `RunsWaitingAsk` for the ask of `runs.waiting`. */
function schemaName({ name }: Operation, of: 'Ask' | 'Answer'): string {
  const words = name.split('.').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}${of}`;
}

function refOf(id: string): string {
  return `#/components/schemas/${id}`;
}

/** Moves a default into the description, as client generators take a field with a default for required. */
function sayDefault(schema: JsonSchema): void {
  const { description, default: value } = schema as { description?: string; default: unknown };
  schema['description'] =
    `${description === undefined ? '' : `${description}; `}default: ${JSON.stringify(value)}`;
  delete schema['default'];
}

/** Some client generators cannot read the schema `false`. */
function sayLength(schema: JsonSchema): void {
  const { length } = schema['prefixItems'] as readonly JsonSchema[];
  delete schema['items'];
  Object.assign(schema, { minItems: length, maxItems: length });
}

function become(schema: JsonSchema, other: JsonSchema): void {
  for (const key of Object.keys(schema)) if (key !== 'description') delete schema[key];
  Object.assign(schema, other);
}
