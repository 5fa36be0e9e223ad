import { python } from '../../../src';
import { inPython } from '../../dispatchers/parity/bodies';
import { expectParity, factsInProcess } from '../../dispatchers/parity/facts';
import { fewInThreads } from '../../dispatchers/parity/few-in-threads';
import { parityOn } from '../../dispatchers/parity/tapestries';
import { whyNoPython } from '../../support/python-bodies';
import { PYTHON_BODIES } from '../../support/python-environment';

/* The parity suite in small, without a server; the group `dispatchers` runs it on Temporal, and on clusters. */

test('tapestries of every node and policy come to the same in threads as in the worker', async () => {
  await expectParity(fewInThreads, factsInProcess);
});

const missing = whyNoPython();
const withPython = missing === undefined ? test : test.skip;
const because = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

withPython(`they come to the same in Python${because}`, async () => {
  const host = python({ path: [PYTHON_BODIES], processes: 2 });
  await expectParity(parityOn(inPython, { host, size: 'small' }), factsInProcess);
});
