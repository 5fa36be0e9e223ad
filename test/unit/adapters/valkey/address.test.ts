import { parseValkeyUrl, shownAddress } from '../../../../src/adapters/valkey/address';
import { thrownBy } from '../../../support/thrown-by';

test.each([
  ['valkey://h', { host: 'h', port: 6379, database: 0, tls: false, prefix: 'selvage' }],
  ['redis://h:1/2', { host: 'h', port: 1, database: 2, tls: false, prefix: 'selvage' }],
  [
    'valkeys://u%40x:p%25%3A@h/?prefix=a:b&ttl=12h',
    {
      host: 'h',
      port: 6379,
      username: 'u@x',
      password: 'p%:',
      database: 0,
      tls: true,
      prefix: 'a:b',
      ttl: 43_200_000,
    },
  ],
  [
    'rediss://:pw@[::1]:7',
    { host: '::1', port: 7, password: 'pw', database: 0, tls: true, prefix: 'selvage' },
  ],
])('%s', (url, address) => {
  expect(parseValkeyUrl(url)).toEqual(address);
});

test('what is shown of an address has no user, password or option', () => {
  const shown = (url: string): string => shownAddress(parseValkeyUrl(url));
  expect(shown('rediss://user:s3cret@h/3?prefix=p')).toBe('valkeys://h:6379/3');
  expect(shown('valkey://[::1]')).toBe('valkey://[::1]:6379');
});

test.each([
  'valkey://u:s3cret@h:port',
  'valkey://u:s3cret@h/db',
  'valkey://u:s3cret%@h',
  'valkey://u:s3cret@h?prefix={x}',
  'valkey://u:s3cret@h?prefix=',
  'valkey://u:s3cret@h?ttl=soon',
  'valkey://u:s3cret@h?ttl=0s',
  'valkey://u:s3cret@h?tttl=1h',
  's3cret',
])('%s is refused, and nothing of it is repeated', (url) => {
  const error = thrownBy(() => parseValkeyUrl(url));
  expect(error.code).toBe('InvalidUrl');
  expect(`${error.message} ${JSON.stringify(error.details)} ${String(error.cause)}`).not.toContain('s3cret');
});
