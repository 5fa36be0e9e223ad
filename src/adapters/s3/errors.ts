import { SelvageError, type ErrorCode } from '../../errors';

interface S3Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** The place of an error, without secrets. */
export interface S3Location {
  readonly bucket: string;
  /** The server's address `http://host:port`, or the region. */
  readonly server: string;
  /** What errors call the object, if only this one is read. */
  readonly file?: string;
}

const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket. Make it, or correct the name; Selvage makes none.',
  InvalidBucketName: 'a bucket cannot have this name. Correct it.',
  InvalidAccessKeyId:
    'the server does not know the access key. Check the credentials, and that they are for this server.',
  SignatureDoesNotMatch: 'the secret access key does not belong to the access key. Check the credentials.',
  ExpiredToken: 'the credentials have expired. Renew them.',
  InvalidToken: 'the session token is not valid. Renew the credentials.',
  CredentialsProviderError:
    'there are no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or give the machine a role.',
  RequestTimeTooSkewed: "this machine's clock differs too much from that of the server. Set it right.",
  InvalidRange: 'it is empty.',
  PreconditionFailed: 'it was changed while it was read. Read it again.',
  AccessDenied:
    'the credentials do not permit this. Selvage needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects.',
};

const READ_DENIED =
  'the credentials do not permit this. They need s3:GetObject on the object; without s3:ListBucket on the bucket, a missing object is refused alike.';

const FULL = new Set([
  'QuotaExceeded',
  'QuotaExceededException',
  'InsufficientStorage',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);

export function statusOf(error: unknown): number | undefined {
  return (error as S3Failure).$metadata?.httpStatusCode;
}

export function isNamed(error: unknown, ...names: string[]): boolean {
  return names.includes((error as S3Failure).name ?? '');
}

export function isMissing(error: unknown): boolean {
  return isNamed(error, 'NoSuchKey', 'NotFound', 'NoSuchUpload') || isNamed(error, 'NoSuchVersion');
}

/** Our condition (`If-None-Match`) failed, or a concurrent request was in the way. */
export function isConflict(error: unknown): boolean {
  return [409, 412].includes(statusOf(error) ?? 0);
}

export function isDenied(error: unknown): boolean {
  return statusOf(error) === 403 || isNamed(error, 'AccessDenied');
}

/**
 * The meaning of a failed call, in one line. The AWS SDK's error may contain signed secrets, so it is not the cause.
 *
 * @param action the action that failed, such as `read a value`
 */
export function s3Error(error: unknown, action: string, { bucket, server, file }: S3Location): SelvageError {
  if (SelvageError.is(error)) return error;
  const failure = { ...(error as S3Failure), ...namesOf(error as S3Failure) };
  const status = statusOf(error);
  const away = isAway(failure, status);
  const details = {
    bucket,
    server,
    reason: failure.name ?? failure.code,
    ...(status && { status }),
    ...(away && { away }),
  };
  if (file !== undefined) {
    const reason =
      isDenied(error) && failure.name === 'AccessDenied' ? READ_DENIED : reasonOf(failure, status);
    return unreadableFile(file, reason, details, away ? 'BackendUnavailable' : 'UnreadableFile');
  }
  const reason = reasonOf(failure, status);
  const code: ErrorCode = status === 507 || FULL.has(failure.name ?? '') ? 'DiskFull' : 'BackendUnavailable';
  return new SelvageError(code, `Cannot ${action} in the S3 bucket "${bucket}" (${server}): ${reason}`, {
    details,
  });
}

export function unreadableFile(
  file: string,
  reason: string,
  details: object = {},
  code: ErrorCode = 'UnreadableFile',
): SelvageError {
  return new SelvageError(code, `The file ${file} cannot be read: ${reason}`, {
    details: { ...details, file },
  });
}

/** Whether nothing answers, or trouble may end by itself. A refused certificate must be fixed by somebody. */
function isAway({ name = '', code }: S3Failure, status: number | undefined): boolean {
  if (status !== undefined) return status >= 500;
  return ['TimeoutError', 'AbortError'].includes(name) || (code !== undefined && NETWORK.test(code));
}

/** Codes of the operating system for connections. The codes of TLS errors are words, or begin with ERR_. */
const NETWORK = /^E(?!RR_|PROTO)/;

/** The AWS SDK wraps connection errors of another realm, which leaves their code only in the text. */
function namesOf({ name, code, message = '' }: S3Failure): S3Failure {
  return { name, message, code: code ?? /\bE[A-Z_]{4,}\b/.exec(message)?.[0] };
}

function reasonOf(failure: S3Failure, status: number | undefined): string {
  const name = failure.name ?? '';
  const remedy = REMEDIES[name];
  if (remedy !== undefined) return remedy;
  if (status === 507 || FULL.has(name))
    return 'there is no space left. Free some; runs go on from where they are.';
  if (status === 301 || name === 'AuthorizationHeaderMalformed' || name === 'PermanentRedirect') {
    const region = failure.Region ?? failure.$response?.headers?.['x-amz-bucket-region'];
    return `the bucket is in another region${region ? `, ${region}` : ''}. Give that as the region.`;
  }
  if (status === 403) return REMEDIES['AccessDenied']!;
  if (failure.message === 'Region is missing')
    return 'no region is given. Set AWS_REGION, or add ?region= to the URL.';
  if (name === 'TimeoutError' || name === 'AbortError' || failure.code === 'ETIMEDOUT')
    return 'the server did not answer in time. Check its address, and that it is well.';
  if (failure.code === 'ENOTFOUND' || failure.code === 'EAI_AGAIN')
    return 'the name of the server is not known. Check the address.';
  if (failure.code === 'ECONNREFUSED')
    return 'nothing listens at the address. Start the server, or correct the address.';
  if (status !== undefined && status >= 500)
    // Some servers answer with this status if a bucket is full.
    return `the server is in trouble or asks to go slower (${status} ${name}). Look into its log, and whether its disk or the bucket's quota is full; it is asked again.`;
  return `${failure.code ?? (name || 'an unknown error')}${status ? ` (status ${status})` : ''}. Check the address and the server.`;
}
