import type { S3Service } from './services';

/**
 * Makes the bucket refuse or accept writes, as SeaweedFS does at the end of a quota. It affects all users of the
 * server, so it needs a private one.
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
