import { runLocally } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { canonicalOf, canonicalResult, type Canonical } from '../../golden/canonical';
import { inTypeScript } from './bodies';
import { subjectsOn, type Parity, type Placed, type Subject } from './tapestries';

/** What a subject comes to, without what tells one host from another. */
export type Facts = Readonly<Record<string, unknown>>;

const references = new Map<string, Promise<readonly Facts[]>>();

/** What the subjects come to in process, with bodies in TypeScript. Found out once. */
async function expectedOf(placement: Placed['placement'], size: Parity['size']): Promise<readonly Facts[]> {
  const key = `${placement} ${size}`;
  const subjects = subjectsOn({ bodies: inTypeScript, placement }, size);
  const found = references.get(key) ?? Promise.all(subjects.map(factsInProcess));
  references.set(key, found);
  return await found;
}

/** Fails with all differences at once, of all subjects. */
export async function expectParity(
  { placed, size }: Parity,
  factsOf: (subject: Subject) => Promise<Facts>,
): Promise<void> {
  const actual: Record<string, Facts> = {};
  const expected: Record<string, Facts> = {};
  for (const { subjects, placement } of placed) {
    const [here, there] = [await expectedOf(placement, size), await Promise.all(subjects.map(factsOf))];
    subjects.forEach(({ name }, index) => {
      expected[name] = here[index]!;
      actual[name] = there[index]!;
    });
  }
  expect(actual).toEqual(expected);
}

export const runsOf = ({ name, isReused }: Subject): string[] =>
  isReused ? [name, `${name}-again`] : [name];

export async function factsInProcess(subject: Subject): Promise<Facts> {
  const { tapestry, parameters, signals = {} } = subject;
  const backends = createInMemoryBackends();
  const runs = runsOf(subject);
  const facts: Record<string, unknown>[] = [];
  for (const runId of runs) {
    const result = await runLocally(tapestry, parameters, { runId, backends, signals });
    facts.push(canonicalResult(result));
  }
  return await withRecords(backends, runs, facts);
}

export async function withRecords(
  backends: Backends,
  runs: readonly string[],
  results: readonly Record<string, unknown>[],
  prefix = '',
): Promise<Facts> {
  const records = await canonicalOf(backends, runs, () => ({ ...(prefix && { prefix }) }));
  return Object.fromEntries(
    runs.map((runId, index) => [index, { ...results[index], records: factsOf(records[runId]!) }]),
  );
}

/** Who has called which body; and hashes of what stands for a body, such as a tapestry that a knot runs. */
const OF_THE_HOST: ReadonlySet<string> = new Set([
  ...['dispatcher', 'worker', 'definition', 'code_hash', 'cache_key', 'knot_config_hash'],
  ...['host', 'extension', 'selvage.tapestry', 'plan_hash', 'plan', 'tapestry', 'parent_run_id'],
  ...['inline_limit', 'parameters_hash', 'run_id', 'cached_from_run', 'started_with'],
  'salt',
  'shared.salt',
]);

/** What all hosts must agree on. */
function factsOf(canonical: Canonical): Facts {
  const places = Object.entries(canonical)
    .filter(([place]) => place !== 'param:salt')
    .map(([place, { attempt, ...fields }]) => {
      // A path is recorded with its branch, which in process counts for no attempt of the path.
      const isPath = 'branch' in ((fields['parent_knot_ids'] as object | undefined) ?? {});
      // One that waits for its turn on Temporal is given out again.
      const isLimited = /^(limited|paced)-/.test(place);
      return [place, isPath || isLimited ? fields : { attempt, ...fields }];
    });
  return JSON.parse(
    JSON.stringify(Object.fromEntries(places), (name, value: unknown) =>
      OF_THE_HOST.has(name) ? undefined : value,
    ),
  ) as Facts;
}
