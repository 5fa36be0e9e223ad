import { ray, runLocally } from '../../src';
import { refusal } from '../support/refusal';
import { selvageForAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { closedPort } from '../support/listening';
import { describeCluster, lonely, tapestriesOn, type ClusterTapestries } from './suite';

describeWithClusters()('ray()', () => {
  const python = { interpreter: '', path: [PYTHON_BODIES] };

  describe('on this machine', () => {
    let tapestries: ClusterTapestries;
    const selvage = selvageForAll(() => {
      tapestries = tapestriesOn(ray({ ...python, interpreter: clusterPython(), local: { workers: 2 } }));
      return { tapestries: Object.values(tapestries) };
    });
    describeCluster(selvage, () => tapestries);
  });

  test('a cluster that is not there is named', async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    const dispatcher = ray({ ...python, interpreter: clusterPython(), address });
    await expect(runLocally(lonely(dispatcher), {})).rejects.toMatchObject(refusal('HostNotUsable', address));
  });
});
