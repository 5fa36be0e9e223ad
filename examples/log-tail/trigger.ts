/** The same lines without a stream: each starts a run, and nobody waits for its result. */
import { FileTailSource, StreamingSourceTrigger } from 'selvage';
import { watchLine } from './stream';

export const triggers = [
  new StreamingSourceTrigger(
    new FileTailSource({ path: process.env['ACCESS_LOG'] ?? 'access.log' }),
    watchLine,
    {
      id: 'access-log-lines',
      // No run for a comment.
      map: (line) => (line.startsWith('#') ? null : { line }),
    },
  ),
];
