import { STREAM_WORKFLOW } from '../workflows/messages';

/** The workflow of a stream. */
export function streamWorkflowId(id: string): string {
  return `stream/${id}`;
}

/** The task queue of a stream and of its runs. */
export function streamQueue(id: string): string {
  return `${STREAM_WORKFLOW}/${id}`;
}
