import { ray, runLocally } from '../../src';
import { closedPort } from '../support/listening';
import { selvageForAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { refusal } from '../support/refusal';
import { describeKills } from './kills';
import { inPython } from './parity/bodies';
import { describeParity } from './parity/suite';
import { CLUSTER_ELEMENTS, parityOn, type Parity } from './parity/tapestries';
import { describeCluster, lonely, tapestriesOn, type ClusterTapestries } from './suite';

describeWithClusters()('ray()', () => {
  const python = (): { interpreter: string; path: string[] } => ({
    interpreter: clusterPython(),
    path: [PYTHON_BODIES],
  });

  describe('on this machine', () => {
    let tapestries: ClusterTapestries;
    let parity: Parity;
    const selvage = selvageForAll(() => {
      const host = ray({ ...python(), local: { workers: 2 } });
      tapestries = tapestriesOn(host);
      parity = parityOn(inPython, { host });
      return { tapestries: [...Object.values(tapestries), ...parity.tapestries] };
    });
    describeCluster(selvage, () => tapestries);
    describeParity(selvage, () => parity, CLUSTER_ELEMENTS);
    // Each worker has a cluster of its own, which ends with it.
    describeKills('ray', () => ({ ...python(), local: { workers: 1 } }));
  });

  test('a cluster that is not there is named', async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    const dispatcher = ray({ ...python(), address });
    await expect(runLocally(lonely(dispatcher), {})).rejects.toMatchObject(refusal('HostNotUsable', address));
  });
});
