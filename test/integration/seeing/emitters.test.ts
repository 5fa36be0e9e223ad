import type { Browser } from 'playwright-core';
import { emitter } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { Deliveries } from '../../../src/deliveries';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose } from '../../support/open-selvage';
import { nobody, openPage, quietLogger } from '../../support/page';
import { until } from '../../support/until';

afterEach(closeAll);

describeInBrowser()('emitters on the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => browser?.close());

  test('they are seen with what failed and what they gave up, which is delivered once more by a button', async () => {
    const backends = createInMemoryBackends();
    const heard: string[] = [];
    let isMended = false;
    const deliveries = await Deliveries.start({
      backends,
      emitters: [
        emitter('picky', async (events) => {
          heard.push(...events.map(({ id }) => id));
          const bad = events.filter(({ id }) => !isMended && id.includes('/a/'));
          return { rejected: bad.map(({ id }) => ({ id, reason: 'it has an a' })) };
        }),
        emitter('broken', async () => {
          throw new Error('500 Internal Server Error');
        }),
      ],
      logger: quietLogger,
      projectDir: '.',
    });
    onClose(() => deliveries.stop());
    await backends.runHistory.startRun(sampleRun());
    await backends.runHistory.commit([sampleLineage({ knot_id: 'a' }), sampleLineage({ knot_id: 'b' })]);
    await deliveries.drained(60_000);
    const served = await openPage({ backends, reach: nobody });
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    onClose(() => context.close());
    const tab = await context.newPage();
    await tab.goto(served.server.link);
    await tab.goto(new URL('emitters', tab.url()).href);
    await tab.getByText('500 Internal Server Error').waitFor();
    await tab.getByRole('button', { name: '1 dead letter of picky' }).click();
    await tab.getByText('it has an a').waitFor();
    expect(await violations(tab)).toEqual([]);
    const picture = process.env['SELVAGE_TEST_PICTURES'];
    if (picture) await tab.screenshot({ path: `${picture}/emitters.png` });
    isMended = true;
    await tab.getByRole('button', { name: 'Redrive all' }).click();
    await until('it is delivered once more', () => heard.filter((id) => id.includes('/a/')).length === 2);
    await tab.getByText('None.').waitFor();
  });
});
