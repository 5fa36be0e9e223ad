import { ray, runLocally } from '../../src';
import { closedPort } from '../support/listening';
import { selvageForAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { startPython, type PythonProgram } from '../support/python-program';
import { refusal } from '../support/refusal';
import { describeKills } from './kills';
import { inPython } from './parity/bodies';
import { describeParity } from './parity/suite';
import { CLUSTER_ELEMENTS, parityOn, type Parity } from './parity/tapestries';
import { describeCluster, lonely, tapestriesOn, type ClusterTapestries } from './suite';

/** Starts a cluster that ends with it, and says where it is. */
const HEAD = `
import ray, time
head = ray.init(address="local", num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1")
print("cluster at 127.0.0.1:" + head.address_info["gcs_address"].split(":")[-1], flush=True)
time.sleep(1e6)
`;

describeWithClusters()('ray()', () => {
  const options = (address: string) => ({
    interpreter: clusterPython(),
    path: [PYTHON_BODIES],
    address,
  });

  // One for all: it takes seconds to start.
  describe('a cluster', () => {
    let head: PythonProgram;
    let address: string;
    let tapestries: ClusterTapestries;
    let parity: Parity;
    const selvage = selvageForAll(async () => {
      head = await startPython(['-c', HEAD], /cluster at \S+/);
      address = /cluster at (\S+)/.exec(head.said())![1]!;
      const host = ray(options(address));
      tapestries = tapestriesOn(host);
      parity = parityOn(inPython, { host });
      return { tapestries: [...Object.values(tapestries), ...parity.tapestries] };
    });
    afterAll(() => head.kill());

    describeCluster(selvage, () => tapestries);
    describeParity(selvage, () => parity, CLUSTER_ELEMENTS);
    describeKills('ray', () => options(address));
  });

  test('a cluster that is not there is named', async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    await expect(runLocally(lonely(ray(options(address))), {})).rejects.toMatchObject(
      refusal('HostNotUsable', address),
    );
  });
});
