import { Selvage } from '../../../src/client';
import { createInMemoryBackends } from '../../../src/backends';
import { closeAll, onClose } from '../../support/open-selvage';
import { startTestServer } from '../../support/temporal-server';

afterEach(closeAll);

test('a client that is closed while its calls wait to be tried again ends them, and throws nothing behind anyone’s back', async () => {
  const { address, stop } = await startTestServer();
  const selvage = await Selvage.connect({ address, backends: createInMemoryBackends() });
  await stop();
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  onClose(async () => void process.off('uncaughtException', note));
  const ends = Array.from({ length: 5 }, () =>
    selvage.client.workflowService.getSystemInfo({}).then(
      () => 'answered',
      (error: unknown) => error,
    ),
  );
  await selvage.close();
  for (const end of await Promise.all(ends)) expect(end).toBeInstanceOf(Error);
  expect(uncaught).toEqual([]);
});
