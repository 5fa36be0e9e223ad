import { SelvageError } from '../errors';
import type { BackendIdentities, Backends } from '../protocols';

const NAMES = { store: 'tapestry store', history: 'run history', data: 'data store' } as const;
const VARIABLES = { store: 'SELVAGE_STORE', history: 'SELVAGE_HISTORY', data: 'SELVAGE_DATA' } as const;

/** They stay what they are, and each run asks for them. */
const known = new WeakMap<Backends, BackendIdentities>();

export async function identitiesOf(backends: Backends): Promise<BackendIdentities> {
  const remembered = known.get(backends);
  if (remembered) return remembered;
  const { tapestryStore, runHistory, dataStore } = backends;
  const [store, history, data] = await Promise.all([
    tapestryStore.identity(),
    runHistory.identity(),
    dataStore.identity(),
  ]);
  const identities = { store, history, data };
  known.set(backends, identities);
  return identities;
}

/**
 * Whoever started a run must find there what its workers write, and they the plan that it has saved.
 *
 * @throws SelvageError `BackendsDiffer`
 */
export async function requireSameBackends(backends: Backends, others: BackendIdentities): Promise<void> {
  const own = await identitiesOf(backends);
  const technologies = {
    store: backends.tapestryStore.technology,
    history: backends.runHistory.technology,
    data: backends.dataStore.technology,
  };
  const different = (['store', 'history', 'data'] as const).filter((port) => own[port] !== others[port]);
  if (different.length === 0) return;
  const places = different.map(
    (port) => `${NAMES[port]} (here ${technologies[port]} ${own[port]}, there ${others[port]})`,
  );
  const variables = different.map((port) => VARIABLES[port]).join(', ');
  throw new SelvageError(
    'BackendsDiffer',
    `This worker and the client that started the run do not have the same ${places.join(', ')}. The run waits until a worker that has ` +
      `the client's polls this task queue: give both the same ${variables}, and compare what \`selvage doctor\` says on each side.`,
    { details: { own, others } },
  );
}
