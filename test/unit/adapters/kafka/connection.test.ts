import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { connectionFrom } from '../../../../src/adapters/kafka';
import { meaningOf } from '../../../../src/adapters/kafka/client-errors';
import { thrownBy } from '../../../support/thrown-by';

const read = (variables: Record<string, string>) =>
  connectionFrom(
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [`SELVAGE_KAFKA_${name}`, value])),
    'SELVAGE_KAFKA',
  );

describe('the connection to Kafka', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-'))));
  afterAll(async () => await rm(folder, { recursive: true }));

  test('is read from the environment', () => {
    expect(read({ BROKERS: 'a:9092, [::1]:9093' })).toEqual({
      brokers: ['a:9092', '[::1]:9093'],
      prefix: 'SELVAGE_KAFKA',
    });
    const ca = path.join(folder, 'ca.pem');
    writeFileSync(ca, 'PEM');
    expect(
      read({ BROKERS: 'a:1', TLS_CA: ca, USERNAME: 'u', PASSWORD: ' p ', SASL: 'SCRAM-SHA-512' }),
    ).toMatchObject({
      tls: { ca: 'PEM' },
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: ' p ' },
    });
    expect(connectionFrom({ OTHER_BROKERS: 'b:2' }, 'OTHER').brokers).toEqual(['b:2']);
  });

  test.each([
    ['BROKERS', {}],
    ['BROKERS', { BROKERS: 'kafka://a:1' }],
    ['BROKERS', { BROKERS: 'a' }],
    ['BROKERS', { BROKERS: 'a:70000' }],
    ['TLS', { BROKERS: 'a:1', TLS: 'yes' }],
    ['TLS', { BROKERS: 'a:1', TLS: 'false', TLS_CA: 'x' }],
    ['TLS_CA', { BROKERS: 'a:1', TLS_CA: '/nowhere/ca.pem' }],
    ['TLS_KEY', { BROKERS: 'a:1', TLS_CERT: 'x' }],
    ['SASL', { BROKERS: 'a:1', SASL: 'gssapi', USERNAME: 'u', PASSWORD: 'secret-word' }],
    ['USERNAME', { BROKERS: 'a:1', PASSWORD: 'secret-word' }],
    ['PASSWORD', { BROKERS: 'a:1', USERNAME: 'u' }],
  ])('%s is refused in %j', (name, variables) => {
    const error = thrownBy(() => read(variables));
    expect(error).toMatchObject({ code: 'InvalidConfig', details: { variable: `SELVAGE_KAFKA_${name}` } });
    expect(JSON.stringify([error.message, error.details])).not.toContain('secret-word');
  });

  test('no error tells the password, whatever a library or a server repeats', () => {
    const connection = read({ BROKERS: 'a:1', USERNAME: 'u', PASSWORD: 'secret-word' });
    const error = meaningOf(
      new Error('refused', { cause: new Error('SASL_AUTHENTICATION_FAILED for u/secret-word') }),
      connection,
    );
    expect(error.code).toBe('BrokerRefused');
    const cause = error.cause as Error;
    expect([error.message, error.stack, cause.message, cause.stack].join()).not.toContain('secret-word');
  });
});
