import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Cluster } from 'kafkajs';

/** What kafkajs' types leave out of a broker. */
interface GroupCoordinator {
  describeGroups(of: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly {
      readonly members: readonly { readonly memberId: string; readonly clientId: string }[];
    }[];
  }>;
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

const HERE = `selvage-${hostname()}`;

/**
 * The client id of this process' consumers. It tells the next process on this machine whose member it was: kafkajs has no static membership
 * (tulios/kafkajs#884).
 */
export const CONSUMERS_OF_PROCESS = `${HERE}-${process.pid}-${randomBytes(4).toString('hex')}`;

/**
 * Whether the process of a consumer has ended. Where machines share a name, or a container its processes' numbers, this may be wrong: such a
 * member joins again at once, which costs its group one more rebalance.
 */
function hasEnded(clientId: string): boolean {
  if (clientId === CONSUMERS_OF_PROCESS || !clientId.startsWith(`${HERE}-`)) return false;
  const pid = Number(/^-(\d+)-[0-9a-f]{8}$/.exec(clientId.slice(HERE.length))?.[1]);
  if (!(pid > 0) || pid === process.pid) return pid === process.pid;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * Members that may not have left their groups, as consumers die of brokers that are away, and processes are killed. A group waits for
 * such a member until its session is over, and gives nobody a partition meanwhile.
 */
export class LostMembers {
  readonly #byGroup = new Map<string, Set<string>>();

  add(group: string, memberId: string): void {
    const members = this.#byGroup.get(group) ?? new Set();
    this.#byGroup.set(group, members.add(memberId));
  }

  /** Rejects if the broker is not ready yet. */
  async leave(group: string, cluster: Cluster): Promise<void> {
    const members = this.#byGroup.get(group) ?? new Set();
    const coordinator = (await cluster.findGroupCoordinator({
      groupId: group,
    })) as unknown as GroupCoordinator;
    for (const memberId of [...members, ...(await killedMembers(coordinator, group))]) {
      try {
        await coordinator.leaveGroup({ groupId: group, memberId });
      } catch (error) {
        // Others mean that the group has no such member any more, or that it has to be waited for.
        if ((error as { readonly retriable?: boolean }).retriable) throw error;
      }
      members.delete(memberId);
    }
  }
}

/** Those that were killed on this machine; none if the broker does not tell. */
async function killedMembers(coordinator: GroupCoordinator, group: string): Promise<string[]> {
  try {
    const { groups } = await coordinator.describeGroups({ groupIds: [group] });
    return groups.flatMap(({ members }) =>
      members.filter(({ clientId }) => hasEnded(clientId)).map(({ memberId }) => memberId),
    );
  } catch (error) {
    if ((error as { readonly retriable?: boolean }).retriable) throw error;
    return [];
  }
}
