import type { S3Service } from './services';

/**
 * From now on the bucket takes nothing more, as SeaweedFS has it when a quota is used up; or again takes what comes. Of a private server
 * alone: all who use it are hurt.
 */
export async function setBucketFull({ filer, bucket }: S3Service, isFull: boolean): Promise<void> {
  if (filer === undefined) throw new Error('This S3 server cannot be told that its bucket is full.');
  const locations = [{ locationPrefix: `/buckets/${bucket}/`, readOnly: isFull }];
  const answer = await fetch(`${filer}/etc/seaweedfs/filer.conf`, {
    method: 'PUT',
    body: JSON.stringify({ version: 1, locations }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`The S3 server does not take its settings: ${answer.status}`);
}
