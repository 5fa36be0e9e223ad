import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { knot, tapestry } from '../../../src';
import { closeAll, onClose, openSelvage, temporaryFolder, unique } from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { sharedServerAddress } from '../../support/temporal-server';

const KEY = 'a-key-of-the-cloud';
const one = knot('one', () => 1);
const counting = tapestry('counting', () => ({ y: one({}, { id: 'y' }) }));

let folder: string;
const file = (name: string): string => path.join(folder, name);
const openssl = (...words: string[]): void =>
  void execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });

beforeEach(async () => {
  folder = await temporaryFolder();
  const subject = (name: string): string[] => ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'rsa:2048'];
  openssl('req', '-x509', ...subject('authority'), '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2');
  for (const name of ['server', 'client']) {
    openssl(
      'req',
      ...subject(name),
      '-addext',
      'subjectAltName=DNS:there.example',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-days',
      '2',
      '-out',
      `${name}.pem`,
    );
  }
});
afterEach(closeAll);

/** Stands before the server as Temporal Cloud does: it takes TLS alone, from clients with a certificate, or with the key. */
async function cloud({ requestCert }: { requestCert: boolean }): Promise<string> {
  const inner = http2.connect(`http://${sharedServerAddress()}`);
  const server = http2.createSecureServer({
    key: readFileSync(file('server.key')),
    cert: readFileSync(file('server.pem')),
    ca: readFileSync(file('ca.pem')),
    requestCert,
    rejectUnauthorized: requestCert,
  });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session).size && session.on('error', () => {}));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (!requestCert && headers.authorization !== `Bearer ${KEY}`) {
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': '16',
          'grpc-message': 'no such key',
        },
        { endStream: true },
      );
      return;
    }
    const { ':authority': _, ':scheme': __, connection: ___, ...others } = headers;
    const beyond = inner.request(others);
    beyond.on('error', () => stream.close());
    stream.on('close', () => beyond.close());
    let trailers: http2.IncomingHttpHeaders = {};
    beyond.on('trailers', (received) => (trailers = received));
    beyond.on('response', (received, flags) => {
      // An answer of trailers alone.
      if (flags & http2.constants.NGHTTP2_FLAG_END_STREAM)
        return stream.respond(received, { endStream: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.respond(received, { waitForTrailers: true });
      beyond.pipe(stream);
    });
    stream.pipe(beyond);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onClose(async () => {
    for (const session of sessions) session.destroy();
    inner.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function result(options: object): Promise<unknown> {
  const selvage = await openSelvage({ tapestries: [counting], taskQueue: unique('tls'), ...options });
  return (await (await selvage.start(counting, {})).values()).y;
}

const tls = (): object => ({
  serverRootCACertificate: readFileSync(file('ca.pem')),
  serverNameOverride: 'there.example',
});
const withCertificate = (): object => ({
  ...tls(),
  clientCertPair: { crt: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) },
});

test('a client and its worker show their certificate', async () => {
  const address = await cloud({ requestCert: true });
  expect(await result({ address, tls: withCertificate() })).toBe(1);
  expect(await rejectionOf(result({ address, tls: tls() }))).toMatchObject({ code: 'ServerUnreachable' });
});

test('a client and its worker give their key', async () => {
  const address = await cloud({ requestCert: false });
  expect(await result({ address, apiKey: KEY, tls: tls() })).toBe(1);
  expect(await rejectionOf(result({ address, apiKey: 'another', tls: tls() }))).toMatchObject({
    code: 'ServerRefused',
  });
});
