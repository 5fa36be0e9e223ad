/** Milliseconds since the epoch at which the present workflow task began: from the history, and so equal on replay. */
export function workflowTime(): number {
  // eslint-disable-next-line no-restricted-properties -- the sandbox's own clock, which Temporal sets by the history
  return Date.now();
}
