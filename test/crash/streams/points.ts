/** Where a process that reads a stream is killed, on the way of an element. */
export const STREAM_POINTS = {
  'after-claim': 'the element is in the ledger, its run is not started',
  'after-start': 'the run is started, the ledger does not know',
  'after-result': 'onResult has returned, the element is not finished',
  'before-checkpoint': 'the element is finished, no checkpoint says so',
  'after-checkpoint': 'the server has a checkpoint with elements',
} as const;

export type StreamPoint = keyof typeof STREAM_POINTS;
