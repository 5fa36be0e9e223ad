import { python } from '../../../src';
import { inPython } from '../../dispatchers/parity/bodies';
import { expectedOf, factsInProcess } from '../../dispatchers/parity/facts';
import { fewInThreads } from '../../dispatchers/parity/few-in-threads';
import { parityOn, type Parity } from '../../dispatchers/parity/tapestries';
import { whyNoPython } from '../../support/python-bodies';
import { PYTHON_BODIES } from '../../support/python-environment';

/* The parity suite in small, without a server; the group `dispatchers` runs it on Temporal, and on clusters. */

async function expectParity({ placed, size }: Parity): Promise<void> {
  for (const { subjects, placement } of placed) {
    const expected = await expectedOf(placement, size);
    const actual = await Promise.all(subjects.map(factsInProcess));
    subjects.forEach(({ name }, index) => expect([name, actual[index]]).toEqual([name, expected[index]]));
  }
}

test('tapestries of every node and policy come to the same in threads as in the worker', async () => {
  await expectParity(fewInThreads);
});

const missing = whyNoPython();
const withPython = missing === undefined ? test : test.skip;
const because = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

withPython(`they come to the same in Python${because}`, async () => {
  const host = python({ path: [PYTHON_BODIES], processes: 2 });
  await expectParity(parityOn(inPython, { host, size: 'small' }));
});
