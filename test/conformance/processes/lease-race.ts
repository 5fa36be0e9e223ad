import { setTimeout as delay } from 'node:timers/promises';
import { openBackends } from '../../../src/backends';

/** Takes a place again and again beside the other processes and tells how many it saw in use. Arguments: folder, name, rounds, limit. */
async function main(): Promise<void> {
  const [folder = '', name = '', rounds = '0', limit = '1'] = process.argv.slice(2);
  const backends = await openBackends({ projectDir: folder, environment: {} });
  const { leaseTable } = backends;
  let most = 0;
  let granted = 0;
  while (granted < Number(rounds)) {
    const lease = { key: 'race', owner: name, token: String(granted) };
    const answer = await leaseTable.acquire({ ...lease, holder: name, limit: Number(limit), ttl: 60_000 });
    if (!answer.granted) {
      await delay(Math.random() * 4);
      continue;
    }
    granted += 1;
    most = Math.max(most, (await leaseTable.holders('race')).length);
    await leaseTable.release(lease);
  }
  await backends.close();
  process.stdout.write(JSON.stringify({ most, granted }));
}

void main();
