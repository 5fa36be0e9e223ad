import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Cluster } from 'kafkajs';

/** Methods of a broker that are missing in kafkajs' types. */
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
 * The client id of this process' consumers. The client id shows the next process on this machine whose member it was,
 * as kafkajs has no static membership (tulios/kafkajs#884).
 */
export const CONSUMERS_OF_PROCESS = `${HERE}-${process.pid}-${randomBytes(4).toString('hex')}`;

/**
 * Whether the process of a consumer has ended. The answer is wrong if machines share a name, or containers their
 * process numbers. A member that is removed by mistake joins again at once, which costs its group one more rebalance.
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
 * Members that may not have left their groups because their brokers were away. A group waits for lost members, and for
 * those of killed processes, until their sessions end, and gives nobody a partition meanwhile.
 */
export class LostMembers {
  readonly #byGroup = new Map<string, Set<string>>();

  add(group: string, memberId: string): void {
    const members = this.#byGroup.get(group) ?? new Set();
    this.#byGroup.set(group, members.add(memberId));
  }

  /** Makes members leave their group; rejects if the broker is not ready yet. */
  async leave(group: string, cluster: Cluster): Promise<void> {
    const members = this.#byGroup.get(group) ?? new Set();
    const coordinator = (await cluster.findGroupCoordinator({
      groupId: group,
    })) as unknown as GroupCoordinator;
    for (const memberId of [...members, ...(await killedMembers(coordinator, group))]) {
      try {
        await coordinator.leaveGroup({ groupId: group, memberId });
      } catch (error) {
        // Other errors mean that the group has lost the member already, or that its session must be awaited.
        if ((error as { readonly retriable?: boolean }).retriable) throw error;
      }
      members.delete(memberId);
    }
  }
}

/** Members of processes that were killed on this machine; none if the broker does not tell. */
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
