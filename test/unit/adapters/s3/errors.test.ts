import { s3Error } from '../../../../src/adapters/s3/errors';

const PLACE = { bucket: 'b', server: 'http://h:1' };

/** As the AWS SDK gives them. */
function errorWith(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('said by the server'), { name, $metadata: { httpStatusCode } });
}

test.each([
  ['XMinioStorageFull', 507],
  ['InsufficientStorage', 507],
  ['SomethingElse', 507],
  ['XMinioAdminBucketQuotaExceeded', 400],
  ['QuotaExceeded', 403],
])('%s (%d): the bucket is full', (name, status) => {
  const error = s3Error(errorWith(name, status), 'write an object', PLACE);
  expect(error).toMatchObject({ code: 'DiskFull', details: { ...PLACE, reason: name, status } });
  expect(error.message).toBe(
    'Cannot write an object in the S3 bucket "b" (http://h:1): there is no space left. Free some; runs go on from where they are.',
  );
});

test('a server in trouble may be full, too, and is asked again', () => {
  const error = s3Error(errorWith('InternalError', 500), 'write an object', PLACE);
  expect(error.code).toBe('BackendUnavailable');
  expect(error.message).toMatch(/\(500 InternalError\)\. .*quota is full; it is asked again\.$/);
});

test.each([
  ['ECONNREFUSED', true],
  ['ECONNRESET', true],
  ['ENOTFOUND', true],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined],
  ['ERR_TLS_CERT_ALTNAME_INVALID', undefined],
  ['EPROTO', undefined],
])('%s: whether the server is away, or somebody has to put something right', (code, away) => {
  const error = s3Error(Object.assign(new Error('said by Node'), { code }), 'read a value', PLACE);
  expect(error.code).toBe('BackendUnavailable');
  expect(error.details['away']).toBe(away);
});
