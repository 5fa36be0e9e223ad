import { randomUUID } from 'node:crypto';
import { awayStores, inspectBackends, openBackends } from '../../src/backends';
import { sampleValue } from '../../src/testing/sample-records';
import { describeWith, valkeyService } from '../support/services';

describeWith('valkey')('a Valkey server by its URL', () => {
  test('is opened once for its ports, and looked at', async () => {
    const url = `${await valkeyService()}?prefix=test-${randomUUID()}`;
    const environment = { SELVAGE_STORE: url, SELVAGE_DATA: url, SELVAGE_HISTORY: 'memory:' };
    const backends = await openBackends({ leases: url, environment });
    const value = sampleValue('value');
    await backends.dataStore.put([value]);
    expect(await backends.dataStore.has(value.hash)).toBe(true);
    expect(await backends.tapestryStore.identity()).toBe(await backends.dataStore.identity());
    expect(await backends.leaseTable.holders('key')).toEqual([]);
    await backends.close();
    const [report] = await inspectBackends({ environment });
    expect(report).toMatchObject({ technology: 'valkey', backends: ['store', 'data'], state: 'current' });
  });

  test('what is wrong with it is told without its password', async () => {
    const url = 'valkey://user:s3cret@127.0.0.1:1';
    const environment = { SELVAGE_STORE: url, SELVAGE_DATA: url, SELVAGE_HISTORY: 'memory:' };
    const reports = await inspectBackends({ environment });
    expect(reports[0]).toMatchObject({ technology: 'valkey', error: { code: 'BackendUnavailable' } });
    expect(JSON.stringify(reports)).not.toContain('s3cret');
    await expect(openBackends({ url: 'memory:', store: url, environment: {} })).rejects.toMatchObject({
      code: 'BackendUnavailable',
    });
    const backends = await openBackends({ url: 'memory:', data: url, environment: {} });
    const [away] = awayStores(backends);
    expect(away).toMatchObject({ code: 'BackendUnavailable', details: { away: true } });
    expect(JSON.stringify([away, away!.message])).not.toContain('s3cret');
    await backends.close();
    await expect(openBackends({ history: url, environment: {} })).rejects.toMatchObject({
      code: 'InvalidUrl',
    });
  });
});
