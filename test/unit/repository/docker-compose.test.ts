import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { parseDocument } from 'yaml';

interface Service {
  image: string;
  depends_on?: Record<string, { condition: string }>;
  configs?: { source: string }[];
  healthcheck?: object;
  ports?: string[];
  restart?: string;
  volumes?: string[];
}

interface ComposeFile {
  services: Record<string, Service>;
  configs: Record<string, object>;
  volumes: Record<string, null>;
}

const root = path.resolve(__dirname, '../../..');
const document = parseDocument(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), {
  uniqueKeys: true,
});
const compose = document.toJS() as ComposeFile;
const services = Object.entries(compose.services);

/** The JSON schema of the Compose Specification, as the compose linter ships it. */
function composeSchema(): object {
  const linter = path.dirname(require.resolve('dclint/package.json'));
  const schema = JSON.parse(readFileSync(path.join(linter, 'schemas/compose.schema.json'), 'utf8')) as object;
  // The file names its dialect by an address that Ajv does not know it by.
  return { ...schema, $schema: 'http://json-schema.org/draft-07/schema#' };
}

const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(composeSchema());

/** A reference to each volume, config or service that a service names. */
function namesUsed(of: (service: Service) => string[]): string[] {
  return [...new Set(services.flatMap(([, service]) => of(service)))].sort();
}

describe('docker-compose.yml', () => {
  test('is YAML without errors, warnings or repeated keys', () => {
    expect(document.errors).toEqual([]);
    expect(document.warnings).toEqual([]);
  });

  test('follows the Compose Specification', () => {
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
  });

  test('the schema would refuse a misspelt key', () => {
    expect(validate({ services: { temporal: { image: 'x', port: ['1:1'] } } })).toBe(false);
  });

  test('services wait only for services that exist, in a way that these can fulfil', () => {
    for (const [name, { depends_on: dependencies = {} }] of services) {
      for (const [other, { condition }] of Object.entries(dependencies)) {
        const target = compose.services[other];
        expect({ name, other, exists: target !== undefined }).toEqual({ name, other, exists: true });
        if (condition === 'service_healthy') expect(target).toHaveProperty('healthcheck');
        if (condition === 'service_completed_successfully') expect(target?.restart).toMatch(/^on-failure/);
      }
    }
  });

  test('named volumes and configs are declared, and the declared ones are used', () => {
    const volumes = namesUsed((service) =>
      (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''),
    );
    const configs = namesUsed((service) => (service.configs ?? []).map(({ source }) => source));
    expect(volumes).toEqual(Object.keys(compose.volumes).sort());
    expect(configs).toEqual(Object.keys(compose.configs).sort());
  });

  test('ports are published on this machine only, each once', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    const hostPorts = published.map((port) => /^127\.0\.0\.1:(\d+):\d+$/.exec(port)?.[1]);
    expect(hostPorts).not.toContain(undefined);
    expect(new Set(hostPorts).size).toBe(published.length);
  });

  test('every image is pinned to a version', () => {
    for (const [, { image }] of services) expect(image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
  });
});
