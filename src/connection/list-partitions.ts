import type { WorkflowClient } from '@temporalio/client';
import { nodeSha256 } from '../node/node-sha256';
import { SelvageError } from '../errors';
import { encodeOutput, planOf, validateParameters, type EncodedValue } from '../runtime';
import { tableFacts } from '../runtime/table-facts';
import { soundAmong } from '../runtime/table-rows';
import { readManifest } from '../tables/stored-manifest';
import {
  PARTITION_STATES,
  partitionStates,
  type PartitionState,
  type PartitionStatus,
} from '../records/questions';
import { PARTITION, type TapestryRecord } from '../authoring';
import type { AnyDomain } from '../partitions';
import type { Backends, TableFacts } from '../ports';
import type { Sha256 } from '../values';
import { digestOf } from '../encryption/seal-backends';
import { unsettledRuns } from './settle-runs';
import { unbegunRuns } from './unbegun-run';

const COMPARE_MS = 5_000;
/** Facts of tables are read in so many at a time: one may be 16 KiB and more. */
const MANIFESTS_AT_ONCE = 100;
const MOST_UNBEGUN = 1_000;

export interface PartitionsOptions {
  /** Keys of the first and last partition, inclusive; default: first and last closed one of the domain. */
  readonly from?: string;
  readonly to?: string;
  /** Lists only partitions in one of these states. Default: all. */
  readonly state?: PartitionState | readonly PartitionState[];
  /** Parameters of a run, compared with those of the newest runs; if omitted, the parameters' defaults. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/**
 * Lists partitions like `selvage.partitions.list`; without a client, uses the records alone.
 *
 * @throws SelvageError `InvalidConfig`, `InvalidPartition`, `InvalidParameters`, `ServerUnreachable`,
 * `BackendUnavailable`
 */
export async function listPartitions(
  backends: Backends,
  tapestry: TapestryRecord,
  options: PartitionsOptions = {},
  client?: WorkflowClient,
): Promise<PartitionStatus[]> {
  const { name } = tapestry;
  const domain = requirePartitions(tapestry);
  const wanted = statesOf(name, options.state);
  const digest = digestOf(backends).of;
  const hashOf = (value: unknown): string => encodeOutput(value, digest).hash;
  const given = await inputsOf(tapestry, options.parameters ?? {}, digest);
  const query = { tapestry: name };
  const ended = client && (await unsettledRuns(backends, client, { query, limitMs: COMPARE_MS })).runs;
  const unbegun = client
    ? await unbegunRuns(client, backends, { tapestry: name, limit: MOST_UNBEGUN }, false)
    : [];
  const { plan, hash: planHash } = planOf(tapestry, nodeSha256);
  const { from, to } = options;
  const states = await partitionStates(backends, {
    domain,
    plan,
    planHash,
    inputs: new Map([...given].map(([name, { hash }]) => [name, hash])),
    tablesOf: (hashes) => tablesOf(backends.dataStore, [...given.values()], hashes),
    hashOf,
    unbegun: unbegun.filter(({ partition }) => partition !== null),
    ended,
    now: await backends.runHistory.now(),
    from,
    to,
  });
  return states.filter(({ state }) => wanted.has(state));
}

/** Parameters by name: the given value, else the default. */
async function inputsOf(
  tapestry: TapestryRecord,
  given: Readonly<Record<string, unknown>>,
  digest: Sha256,
): Promise<Map<string, EncodedValue>> {
  refusePartition(tapestry, given);
  const names = new Set(Object.keys(given));
  const known = [...tapestry.parameters.values()].filter(
    ({ name, hasDefault }) => name !== PARTITION && (hasDefault || names.has(name)),
  );
  const accepted = await validateParameters(
    tapestry,
    given,
    known.map(({ knot }) => knot.id),
  );
  return new Map(known.map(({ name }) => [name, encodeOutput(accepted.get(name), digest, true)]));
}

/** @param given values that a run would get now, which the data store may lack */
async function tablesOf(
  dataStore: Backends['dataStore'],
  given: readonly EncodedValue[],
  hashes: ReadonlySet<string>,
): Promise<Map<string, TableFacts>> {
  const known = given.map((value) => [value.hash, tableFacts(value)] as const);
  const facts = new Map(known.filter((entry): entry is [string, TableFacts] => entry[1] !== undefined));
  const stored = [...hashes].filter((hash) => !facts.has(hash));
  for (let from = 0; from < stored.length; from += MANIFESTS_AT_ONCE) {
    const some = stored.slice(from, from + MANIFESTS_AT_ONCE);
    for (const [hash, bytes] of await soundAmong((few) => dataStore.getMany(few), some)) {
      const manifest = readManifest(Buffer.from(bytes).toString(), nodeSha256);
      if (manifest) facts.set(hash, manifest);
    }
  }
  return facts;
}

/** Refuses a given partition, as each run gets its own. @throws SelvageError `InvalidParameters` */
export function refusePartition({ name }: TapestryRecord, given: Readonly<Record<string, unknown>>): void {
  if (!Object.hasOwn(given, PARTITION)) return;
  const message = `leave out the parameter "${PARTITION}": from and to (--from, --to) choose partitions`;
  throw new SelvageError(
    'InvalidParameters',
    `The partitions of tapestry "${name}" cannot be chosen so: ${message}.`,
    { details: { tapestry: name, problems: [{ path: PARTITION, code: 'WrongValue', message }] } },
  );
}

function statesOf(tapestry: string, given: PartitionsOptions['state']): ReadonlySet<PartitionState> {
  const states: readonly PartitionState[] =
    given === undefined ? PARTITION_STATES : typeof given === 'string' ? [given] : given;
  const wrong = states.find((state) => !PARTITION_STATES.includes(state));
  if (wrong === undefined) return new Set(states);
  throw new SelvageError(
    'InvalidConfig',
    `The partitions of tapestry "${tapestry}" cannot be in the state ${JSON.stringify(wrong)}. There are ${PARTITION_STATES.join(', ')}.`,
    { details: { tapestry, option: 'state', reason: 'WrongValue' } },
  );
}

/** @throws SelvageError `InvalidConfig` if it has none */
export function requirePartitions({ name, options }: TapestryRecord): AnyDomain {
  if (options.partition) return options.partition;
  throw new SelvageError(
    'InvalidConfig',
    `The tapestry "${name}" has no partitions. Give it some: tapestry("${name}", { partition: daily("2024-01-01") }, …).`,
    { details: { tapestry: name, option: PARTITION, reason: 'MissingPart' } },
  );
}
