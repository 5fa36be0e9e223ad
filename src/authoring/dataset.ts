import { SelvageError } from '../errors';
import { isObject } from '../values';
import { shown, type Check } from './checks';
import type { InputRecord, KnotOptions, ErrorPolicy } from './records';
import { textProblem } from './texts';

/** Data outside of runs, named as in OpenLineage, so that other tools use the same name. */
export interface Dataset {
  /** Location, such as `postgres://db.example.com:5432`. */
  readonly namespace: string;
  /** Name of the data at its location, such as `shop.public.orders`. */
  readonly name: string;
}

/** The data outside of runs that a body reads and writes. */
export interface DataOptions {
  /** The data outside of runs that the body reads, for lineage: see {@link dataset}. Default: none. */
  readonly reads?: Dataset | readonly Dataset[];
  /** The data outside of runs that the body writes, for lineage. Default: none. */
  readonly writes?: Dataset | readonly Dataset[];
  /**
   * For lineage: the origins of the columns (fields) of the knot's value. `{ total: ['orders.amount'] }` names a
   * column of the input `orders`; `['amount']` names a column of the dataset that the knot reads. If omitted, a knot
   * that reads one dataset has the columns of that dataset, and those of other knots are unknown.
   */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
}

const LONGEST = 1_000;
const FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#@]*)@)?([^/?#]*)([^?#]*)/i;

/** Databases with names of three parts, with their default port and schema. */
const DATABASES: Readonly<Record<string, { readonly port: string; readonly schema?: string }>> = {
  postgres: { port: '5432', schema: 'public' },
  redshift: { port: '5439', schema: 'public' },
  mssql: { port: '1433', schema: 'dbo' },
  mysql: { port: '3306' },
};
/** In Azure's URLs the container precedes the host: `abfss://container@account.dfs.core.windows.net/path`. */
const WITH_CONTAINER = /^(abfss?|wasbs?)$/;
const SCHEMES: Readonly<Record<string, string>> = { postgresql: 'postgres', sqlserver: 'mssql', s3a: 's3' };

/**
 * Names a dataset by a URL: `postgres://host/database/schema.table`, `mysql://host/database/table`,
 * `bigquery://project/dataset.table`, `snowflake://organization-account/database/schema.table`, `s3://bucket/path`,
 * `gs://bucket/path`, `kafka://host:9092/topic`, `file:///path`, or any other. User, password and query are left
 * out. Without a URL, give both names: `dataset({ namespace, name })`.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function dataset(given: string | Dataset): Dataset {
  const named = typeof given === 'string' ? fromUrl(given) : given;
  const problem = isDataset(named);
  if (problem === undefined) return Object.freeze({ namespace: named!.namespace, name: named!.name });
  throw new SelvageError(
    'InvalidConfig',
    `A dataset cannot be named by ${typeof given === 'string' ? shown(withoutUser(given)) : shown(given)}. Give a URL with a path, such as ` +
      "dataset('postgres://host/database/schema.table'), or dataset({ namespace, name }).",
    { details: { option: 'dataset', reason: 'WrongValue' } },
  );
}

function fromUrl(url: string): Dataset | undefined {
  const [, given = '', user, authority = '', path = ''] = FORM.exec(url) ?? [];
  const scheme = SCHEMES[given.toLowerCase()] ?? given.toLowerCase();
  const parts = path.split('/').filter((part) => part !== '');
  if (scheme === 'file') return { namespace: 'file', name: path };
  const names = parts.flatMap((part) => part.split('.'));
  if (scheme === 'bigquery')
    return names.length === 2 ? { namespace: scheme, name: [authority, ...names].join('.') } : undefined;
  if (scheme === 'snowflake') {
    const account = authority.replace(/\.snowflakecomputing\.com(:\d+)?$/i, '');
    return names.length === 3 ? { namespace: `${scheme}://${account}`, name: names.join('.') } : undefined;
  }
  const database = DATABASES[scheme];
  if (!database) {
    const container = user !== undefined && WITH_CONTAINER.test(scheme) ? `${user}@` : '';
    return { namespace: `${scheme}://${container}${authority}`, name: parts.join('/') };
  }
  const host = /:\d+$/.test(authority) ? authority : `${authority}:${database.port}`;
  const { schema } = database;
  if (schema !== undefined && names.length === 2) names.splice(1, 0, schema);
  return names.length < 2 ? undefined : { namespace: `${scheme}://${host}`, name: names.join('.') };
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

const isDataset: Check = (value) =>
  isObject(value) && [value['namespace'], value['name']].every(isName)
    ? undefined
    : 'must be what dataset(…) answers, or a list of these';

const isName = (value: unknown): boolean =>
  typeof value === 'string' && value !== '' && textProblem(value, LONGEST) === undefined;

export const datasets: Check = (value) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map(isDataset).find((complaint) => complaint !== undefined);
};

export const columns: Check = (value) =>
  isObject(value) &&
  Object.values(value).every((from) => Array.isArray(from) && from.every((one) => isName(one)))
    ? undefined
    : "must be an object such as { total: ['orders.amount'] }";

/** Splits `input.column`. A text without a known input names a column of the dataset that the knot reads. */
export function originOf(
  text: string,
  inputs: { has(name: string): boolean },
): readonly [input: string | undefined, column: string] {
  const [, input, column] = /^([^.]+)\.(.+)$/s.exec(text) ?? [];
  return input !== undefined && inputs.has(input) ? [input, column!] : [undefined, text];
}

/** Throws `InvalidConfig` for columns whose origin is neither an input nor the one dataset that the knot reads. */
export function requireOrigins(
  owner: string,
  inputs: ReadonlyMap<string, InputRecord>,
  { reads, columns: given = {} }: KnotOptions<ErrorPolicy>,
): void {
  const isRead = reads !== undefined && [reads].flat().length === 1;
  for (const [column, origins] of Object.entries(given)) {
    const origin = origins.find((text) => originOf(text, inputs)[0] === undefined);
    if (origin === undefined || isRead) continue;
    const known = [...inputs.keys()].map((name) => `"${name}"`).join(', ');
    throw new SelvageError(
      'InvalidConfig',
      `The option "columns" of ${owner} cannot be used: it says that "${column}" comes from "${origin}", and the knot has no such input` +
        `${known ? ` (it has ${known})` : ''}, nor does it read one dataset. Write "input.column", or name the dataset in "reads".`,
      { details: { owner, option: 'columns', reason: 'WrongValue' } },
    );
  }
}
