/** The part of Standard Schema (version 1) that Selvage uses: https://standardschema.dev */
export interface StandardSchema<Input = any, Output = any> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type InputOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];
export type OutputOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof standard.validate === 'function';
}

/** Validates a value at once; undefined if the schema validates asynchronously. */
export function validateNow<Output>(
  schema: StandardSchema<any, Output>,
  value: unknown,
): SchemaResult<Output> | undefined {
  const result = schema['~standard'].validate(value);
  if (!('then' in result)) return result;
  // Nobody waits for this promise, and an unhandled rejection would end the process.
  result.then(undefined, () => undefined);
  return undefined;
}

/** The schema's complaint, in one line; undefined if there is none, or if the schema validates asynchronously. */
export function complaintOf(schema: StandardSchema, value: unknown): string | undefined {
  let result: SchemaResult<unknown> | undefined;
  try {
    result = validateNow(schema, value);
  } catch (error) {
    return `its schema failed on it: ${String(error)}`;
  }
  return result?.issues && describeIssues(result.issues);
}

/** Path of an issue as `users.3.age`; empty for the whole value. */
export function pathOf({ path = [] }: Pick<SchemaIssue, 'path'>): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}

const SHOWN_ISSUES = 10;

/** The first issues in one line for people: `user.age: Expected number; name: Required`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const more = issues.length > SHOWN_ISSUES ? `; and ${issues.length - SHOWN_ISSUES} more` : '';
  const shown = issues
    .slice(0, SHOWN_ISSUES)
    .map(({ path = [], message }) => {
      const where = pathOf({ path });
      return where === '' ? message : `${where}: ${message}`;
    })
    .join('; ');
  return `${shown}${more}`;
}
