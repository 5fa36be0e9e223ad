import type { Selvage } from '../../../src/client';
import { ServerReach } from '../../../src/operations/reach';

test('whoever ends the page waits for no server; a client that comes later is closed', async () => {
  let come = (_: Selvage): void => {};
  const reach = new ServerReach(() => new Promise((resolve) => (come = resolve)));
  reach.begin();
  await reach.close();
  const closed = new Promise<void>((resolve) => {
    come({ close: () => Promise.resolve(resolve()) } as unknown as Selvage);
  });
  await closed;
});
