import type { Cluster } from 'kafkajs';

/** What kafkajs' types leave out of a broker. */
interface GroupCoordinator {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/**
 * Members that may not have left their groups, as consumers die of brokers that are away. A group waits for
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
    for (const memberId of members) {
      const coordinator = await cluster.findGroupCoordinator({ groupId: group });
      try {
        await (coordinator as unknown as GroupCoordinator).leaveGroup({ groupId: group, memberId });
      } catch (error) {
        // Others mean that the group has no such member any more, or that it has to be waited for.
        if ((error as { readonly retriable?: boolean }).retriable) throw error;
      }
      members.delete(memberId);
    }
  }
}
