const NODE = Symbol('selvage.node');

/** Facts that `toNodeHandler` passes on beside the request. */
interface NodeSurroundings {
  readonly [NODE]: true;
  readonly mountedAt: string;
  readonly isBodyRead: boolean;
}

export function nodeSurroundings(facts: Omit<NodeSurroundings, typeof NODE>): NodeSurroundings {
  return { [NODE]: true, ...facts };
}

export function isNodeSurroundings(value: unknown): value is NodeSurroundings {
  return typeof value === 'object' && value !== null && NODE in value;
}
