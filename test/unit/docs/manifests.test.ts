import { parse, parseAllDocuments } from 'yaml';
import { readFile } from '../../support/doc-snippets';

interface Container {
  readonly image: string;
  readonly securityContext: object;
  readonly args: readonly string[];
  readonly ports: readonly { name: string; containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Pod {
  readonly metadata: { readonly labels: { readonly app: string } };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly terminationGracePeriodSeconds: number;
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: object;
  };
}
interface Port {
  readonly name: string;
  readonly port: number | string;
  readonly targetPort: string;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: Pod;
    readonly selector: { readonly matchLabels: object };
    readonly podSelector: { readonly matchLabels: object };
    readonly scaleTargetRef: object;
    readonly metrics: readonly { readonly external: { readonly metric: { readonly name: string } } }[];
    readonly ports: readonly Port[];
    readonly ingress: readonly { readonly ports: readonly Port[] }[];
    readonly rules: readonly {
      readonly host: string;
      readonly http: {
        readonly paths: readonly {
          readonly backend: { readonly service: { readonly name: string; readonly port: { name: string } } };
        }[];
      };
    }[];
  };
}

const manifests = parseAllDocuments(readFile('docs/operations/kubernetes.yaml')).map(
  (document) => document.toJS() as Manifest,
);
const of = (kind: string, name?: string): Manifest =>
  manifests.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name))!;
/** By the name of what makes them. */
const pods = new Map(
  manifests
    .filter(({ kind }) => ['Deployment', 'Job'].includes(kind))
    .map(({ metadata, spec }) => [metadata.name, spec.template]),
);
const portsOf = ({ spec }: Pod): string[] =>
  spec.containers.flatMap(({ ports }) => ports.map(({ name }) => name));

test.each(['shop-worker', 'shop-serve'])(
  'probes of %s ask the paths and the ports that it is started with',
  (name) => {
    const { spec } = of('Deployment', name).spec.template;
    const { args, ports, livenessProbe, readinessProbe, startupProbe } = spec.containers[0]!;
    const given = (option: string): string | undefined => args[args.indexOf(option) + 1];
    const options = { health: '--health-port', webhooks: '--port', page: '--ui-port' };
    for (const { name: port, containerPort } of ports)
      expect(given(options[port as keyof typeof options])).toBe(String(containerPort));
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'health' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' });
    expect(startupProbe.httpGet.path).toBe('/livez');
    // A stopping worker takes up to 15 s, and what was accepted up to 30 s to be started.
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(name === 'shop-serve' ? 30 : 15);
  },
);

test('no pod has a right that it does not need, and each image is one by digest', () => {
  expect([...pods.keys()]).toEqual(['shop-migrate-2026-01-31', 'shop-worker', 'shop-serve']);
  for (const { spec } of pods.values()) {
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const { image, securityContext } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      // No cluster takes it as it is: the page says how the digest gets there.
      expect(image).toBe('registry.example/shop@sha256:DIGEST');
    }
  }
  expect(readFile('docs/operations/deploy.md')).toContain('registry.example/shop@sha256:DIGEST|');
});

test('what leads to pods leads to ports that they have', () => {
  const service = of('Service');
  const served = of('Deployment', 'shop-serve').spec.template;
  expect(service.spec.selector).toEqual(served.metadata.labels);
  for (const { targetPort } of service.spec.ports) expect(portsOf(served)).toContain(targetPort);
  const { args } = served.spec.containers[0]!;
  const backends = of('Ingress').spec.rules.flatMap(({ host, http }) =>
    http.paths.map(({ backend }) => ({ host, ...backend.service })),
  );
  for (const { host, name, port } of backends) {
    expect(name).toBe(service.metadata.name);
    expect(service.spec.ports.map((one) => one.name)).toContain(port.name);
    // Health and metrics have no way from outside.
    expect(port.name).not.toBe('health');
    if (port.name === 'page') expect(args[args.indexOf('--public-host') + 1]).toBe(host);
  }
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies.map(({ metadata }) => metadata.name)).toEqual(['shop-worker', 'shop-serve']);
  for (const { metadata, spec } of policies) {
    const pod = pods.get(metadata.name)!;
    expect(spec.podSelector.matchLabels).toEqual(pod.metadata.labels);
    const open = spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port));
    expect(open.sort()).toEqual(portsOf(pod).sort());
  }
});

test('the adapter gives the autoscaler the age of the backlog by the name that it asks for', () => {
  const { externalRules } = parse(of('ConfigMap').data['config.yaml']!) as {
    externalRules: { seriesQuery: string; name: { as: string }; metricsQuery: string }[];
  };
  const [{ metric }] = of('HorizontalPodAutoscaler').spec.metrics.map(({ external }) => external) as [
    { metric: { name: string } },
  ];
  expect(externalRules.map(({ name }) => name.as)).toEqual([metric.name]);
  const [{ metricsQuery, seriesQuery }] = externalRules as [(typeof externalRules)[number]];
  const query = metricsQuery.replace('<<.Series>>', seriesQuery);
  // Whose syntax, and whose metrics, are checked where it stands on the page.
  expect(readFile('docs/operations/scale.md')).toContain(`\`${query}\``);
});

test('what scales and what protects the workers names them', () => {
  const { name } = of('Deployment').metadata;
  const labels = of('Deployment').spec.template.metadata.labels;
  expect(of('HorizontalPodAutoscaler').spec.scaleTargetRef).toMatchObject({ kind: 'Deployment', name });
  for (const kind of ['Deployment', 'PodDisruptionBudget'])
    expect(of(kind).spec.selector.matchLabels).toEqual(labels);
});

test('the image starts the worker itself, as a user without rights', () => {
  const lines = readFile('docs/operations/Containerfile').split('\n');
  const [entry, command] = ['ENTRYPOINT', 'CMD'].map(
    (word) =>
      parse(lines.findLast((line) => line.startsWith(`${word} `))!.slice(word.length + 1)) as string[],
  );
  expect(entry).toEqual(['node', 'node_modules/selvage/lib/cli/main.js']);
  const { args } = of('Deployment').spec.template.spec.containers[0]!;
  expect(command).toEqual(args);
  expect(lines).toContain('USER 1000:1000');
  expect(lines).toContain('STOPSIGNAL SIGTERM');
});
