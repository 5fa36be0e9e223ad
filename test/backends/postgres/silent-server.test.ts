import { openBackends } from '../../../src/backends';
import { FaultProxy } from '../../support/fault-proxy';
import { describeWith } from '../../support/services';
import { until } from '../../support/until';
import { Schemas } from './places';

/** What keeps this process alive: those of the proxy, too. */
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

describeWith('postgres')('a server that has gone without a word', () => {
  const schemas = new Schemas();

  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());

  test('does not keep a process alive that has closed its backends', async () => {
    const { url } = schemas.fresh();
    const proxy = await FaultProxy.to(url);
    try {
      const backends = await openBackends({ url: proxy.addressOf(url), environment: {} });
      await Promise.all(Array.from({ length: 5 }, () => backends.runHistory.listRuns()));
      const open = proxy.open;
      expect(open).toBeGreaterThan(1);
      const before = sockets();
      proxy.silence();
      await backends.close();
      await until('their sockets are gone', () => sockets() <= before - open);
    } finally {
      await proxy.close();
    }
  });
});
