import { python } from '../../src';
import { selvageForAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { inPython, inTypeScript } from './parity/bodies';
import { inThreads } from './parity/in-threads';
import { describeParity } from './parity/suite';
import { parityOn, type Parity } from './parity/tapestries';

const ELEMENTS = 10_000;

describe('queue and local', () => {
  const parity = parityOn(inTypeScript);
  describeParity(selvageForAll({ tapestries: parity.tapestries }), () => parity, ELEMENTS);
});

describe('threads()', () => {
  const selvage = selvageForAll({ tapestries: inThreads.tapestries });
  describeParity(selvage, () => inThreads, ELEMENTS);
});

describeWithClusters()('python()', () => {
  let parity: Parity;
  const selvage = selvageForAll(() => {
    const host = python({ interpreter: clusterPython(), path: [PYTHON_BODIES], processes: 2 });
    parity = parityOn(inPython, { host });
    return { tapestries: parity.tapestries };
  });
  describeParity(selvage, () => parity, ELEMENTS);
});
