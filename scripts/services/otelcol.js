'use strict';
const fs = require('node:fs');
const path = require('node:path');

const { firstAnswer } = require('./first-answer');
const { fillFolder, inCache, obtain } = require('./install');
const { run } = require('./processes');

const VERSION = '0.165.0';
const PROVIDERS_VERSION = '1.71.0';
const FOLDER = `otelcol-${VERSION}`;
const CORE = 'go.opentelemetry.io/collector';
const BUILD_LIMIT_MS = 3_600_000;

const ways = [
  {
    tried: `go install ${CORE}/cmd/builder@v${VERSION}, and a collector of its core modules (some minutes)`,
    find: () => inCache(FOLDER, 'otelcol'),
    install,
  },
];

/** A collector is built of the modules that it is to have: OTLP in, its own log and OTLP out. */
function install() {
  return fillFolder(FOLDER, (draft) => {
    const go = (...args) => {
      // Not optimized, it is built in two thirds of the time.
      const env = { ...process.env, GOBIN: draft, GOFLAGS: "'-gcflags=all=-N -l'", CGO_ENABLED: '0' };
      return run('nice', args, { limitMs: BUILD_LIMIT_MS, env, cwd: draft });
    };
    const sources = path.join(draft, 'sources');
    const module = (name, version = VERSION) => `  - gomod: ${CORE}/${name} v${version}`;
    const manifest = [
      `dist: {name: otelcol, output_path: ${sources}, version: ${VERSION}}`,
      ...['receivers:', module('receiver/otlpreceiver')],
      ...['exporters:', module('exporter/debugexporter'), module('exporter/otlphttpexporter')],
      ...['providers:', module('confmap/provider/fileprovider', PROVIDERS_VERSION)],
      // The one that a collector falls back on.
      module('confmap/provider/envprovider', PROVIDERS_VERSION),
    ];
    fs.writeFileSync(path.join(draft, 'builder.yaml'), `${manifest.join('\n')}\n`);
    const failure =
      go('go', 'install', `${CORE}/cmd/builder@v${VERSION}`) ??
      go(path.join(draft, 'builder'), '--config', 'builder.yaml');
    if (failure !== undefined) return failure;
    fs.renameSync(path.join(sources, 'otelcol'), path.join(draft, 'otelcol'));
    fs.rmSync(sources, { recursive: true });
    fs.rmSync(path.join(draft, 'builder'));
    return undefined;
  });
}

/** What comes is written to its log, in detail; with the setting `forward`, a URL, it is also posted there as JSON of OTLP. */
function configuration({ ports: [port], settings: { forward } }) {
  const pipeline = { receivers: ['otlp'], exporters: ['debug', ...(forward ? ['otlp_http'] : [])] };
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: {
      debug: { verbosity: 'detailed' },
      ...(forward && {
        otlp_http: {
          endpoint: forward,
          encoding: 'json',
          compression: 'none',
          tls: { insecure: true },
          sending_queue: { batch: { flush_timeout: '100ms' } },
        },
      }),
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, metrics: pipeline },
    },
  };
}

function command(place) {
  const file = path.join(place.folder, 'config.yaml');
  // JSON is YAML.
  fs.writeFileSync(file, JSON.stringify(configuration(place)), { mode: 0o600 });
  return { command: place.programs, args: ['--config', `file:${file}`] };
}

/** An empty request of OTLP is valid. */
function isReady({ ports: [port] }) {
  const lines = ['POST /v1/traces HTTP/1.1', 'host: 127.0.0.1', 'content-type: application/json'];
  const request = `${[...lines, 'content-length: 2', 'connection: close'].join('\r\n')}\r\n\r\n{}`;
  return firstAnswer(port, request, (answer) => answer.toString('latin1').startsWith('HTTP/1.1 200'));
}

module.exports = {
  variable: 'SELVAGE_TEST_OTELCOL',
  ports: 1,
  startLimitMs: 30_000,
  stopSignal: 'SIGTERM',
  stopLimitMs: 10_000,
  takesSettings: true,
  obtain: (say) =>
    obtain(
      'otelcol',
      ways,
      say,
      'Install Go, or set SELVAGE_TEST_OTELCOL to the URL of a running collector.',
    ),
  prepare: () => {},
  command,
  isReady,
  startsLater: () => false,
  address: ({ ports: [port] }) => `http://127.0.0.1:${port}`,
};
