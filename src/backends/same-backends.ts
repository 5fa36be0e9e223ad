import { SelvageError, isAway } from '../errors';
import type { BackendIdentities, Backends } from '../ports';
import { defined } from '../values';
import { digestOf, digestsOf } from '../encryption/seal-backends';

const NAMES = { store: 'tapestry store', history: 'run history', data: 'data store' } as const;
const VARIABLES = { store: 'SELVAGE_STORE', history: 'SELVAGE_HISTORY', data: 'SELVAGE_DATA' } as const;

/** The identities are cached, as they never change and each run asks for them. */
const known = new WeakMap<Backends, BackendIdentities>();

export async function identitiesOf(backends: Backends): Promise<BackendIdentities> {
  const remembered = known.get(backends);
  if (remembered) return remembered;
  const { tapestryStore, runHistory, dataStore } = backends;
  const [store, history, data] = await Promise.all([
    tapestryStore.identity(),
    runHistory.identity(),
    dataStore.identity().catch(unlessAway),
  ]);
  const { tag } = digestOf(backends);
  const identities = defined({ store, history, data, digest: tag });
  if (data !== undefined) known.set(backends, identities);
  return identities;
}

function unlessAway(error: unknown): undefined {
  if (!isAway(error)) throw error;
}

/**
 * The starter and the workers of a run must share backends and digest key, to find each other's plans and values. The
 * check skips a data store that is unreachable for either, as runs may need none of its values. @throws SelvageError
 * `BackendsDiffer`
 */
export async function requireSameBackends(backends: Backends, others: BackendIdentities): Promise<void> {
  const own = await identitiesOf(backends);
  const technologies = {
    store: backends.tapestryStore.technology,
    history: backends.runHistory.technology,
    data: backends.dataStore.technology,
  };
  const different = (['store', 'history', 'data'] as const).filter((port) => {
    const [here, there] = [own[port], others[port]];
    return here !== undefined && there !== undefined && here !== there;
  });
  const isHashedAlike = digestsOf(backends).takes(others.digest);
  if (different.length === 0 && isHashedAlike) return;
  const what = different.map(
    (port) => `${NAMES[port]} (here ${technologies[port]} ${own[port]}, there ${others[port]})`,
  );
  const variables: string[] = different.map((port) => VARIABLES[port]);
  if (!isHashedAlike) {
    what.push(`digest key for values (here ${own.digest ?? 'none'}, there ${others.digest ?? 'none'})`);
    variables.push('SELVAGE_DIGEST_KEYS');
  }
  throw new SelvageError(
    'BackendsDiffer',
    `This worker and the client that started the run do not have the same ${what.join(', ')}. The run waits until a worker that has ` +
      `the client's polls this task queue: give both the same ${variables.join(', ')}, and compare what \`selvage doctor\` says on each side.`,
    { details: { own, others } },
  );
}
