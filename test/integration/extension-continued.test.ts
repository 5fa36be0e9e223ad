import { z } from 'zod';
import { fragment, knot, tapestry } from '../../src';
import { closeAll, openSelvage } from '../support/open-selvage';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';

afterEach(closeAll);

const LINKS = 30;
const OFFERS = 6;

const link = knot('link', ({ left }: { left: number }, context): number => {
  if (left > 0) context.extend(fragment(() => void link({ left: left - 1 }, { id: `link-${left - 1}` })));
  return left;
});
const double = knot('double', ({ x }: { x: number }) => x * 2);

const chain = tapestry('long-chain', { extensible: { definitions: [double] } }, (t) => {
  link({ left: t.parameter('left', z.number()) }, { id: 'first' });
});

test('a run that bodies and a client extend again and again continues as new, and loses none of it', async () => {
  const selvage = await openSelvage({
    tapestries: [chain],
    runLimits: TIGHT_HISTORY_BUDGET,
  });
  const run = await selvage.start(chain, { left: LINKS });
  for (let offer = 0; offer < OFFERS; offer++) {
    await run.extend(fragment((f) => void double({ x: f.ref('first') }, { id: `offer-${offer}` })));
  }
  const { outputs, status } = await run.result();
  expect(status).toBe('succeeded');
  expect(Object.keys(outputs)).toHaveLength(2 + LINKS + OFFERS);
  expect(outputs).toMatchObject({ 'link-0': 0, [`offer-${OFFERS - 1}`]: 2 * LINKS });
  const { temporal_run_id } = (await run.status()).run;
  const last = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(last.runId).not.toBe(temporal_run_id);
});
