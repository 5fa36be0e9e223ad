/** What a user of Temporal has, with our interpreter exported beside it. */
import { proxyActivities } from '@temporalio/workflow';

export { default } from '../../src/workflows';

const { greet, unknownToAll } = proxyActivities<{
  greet(name: string): Promise<string>;
  unknownToAll(name: string, count: number): Promise<string>;
}>({ startToCloseTimeout: 10_000 });

export async function usersOwn(name: string): Promise<string[]> {
  return [await greet(name), await unknownToAll(name, 1)];
}
