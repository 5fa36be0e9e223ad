/**
 * When the current workflow task began, in milliseconds since the epoch. Taken from the history, and so equal on
 * replay.
 */
export function workflowTime(): number {
  // eslint-disable-next-line no-restricted-properties -- the sandbox's own clock, which Temporal sets by the history
  return Date.now();
}
