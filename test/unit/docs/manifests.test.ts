import path from 'node:path';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import { readFile } from '../../support/doc-snippets';

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { name: string; containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly terminationGracePeriodSeconds: number;
      };
    };
    readonly selector: { readonly matchLabels: object };
    readonly scaleTargetRef: object;
  };
}

const manifests = parseAllDocuments(readFile('docs/operations/kubernetes.yaml')).map(
  (document) => document.toJS() as Manifest,
);
const of = (kind: string): Manifest => manifests.find((one) => one.kind === kind)!;

/** What the compiler says of each manifest as a literal of the type that is generated from the API of Kubernetes: it knows each field. */
function mistakesIn(all: readonly Manifest[]): string[][] {
  const sources = new Map(
    all.map((manifest, index) => [
      path.join(__dirname, `manifest-${index}.ts`),
      `import type { ${manifest.kind} as Kind } from 'kubernetes-types/${manifest.apiVersion}';\n` +
        `export const manifest: Kind = ${JSON.stringify(manifest)};`,
    ]),
  );
  const options: ts.CompilerOptions = { strict: true, noEmit: true, types: [], skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile: readOther, getSourceFile } = host;
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.readFile = (file) => sources.get(file) ?? readOther(file);
  host.getSourceFile = (file, how, ...more) =>
    sources.has(file)
      ? ts.createSourceFile(file, sources.get(file)!, how)
      : getSourceFile(file, how, ...more);
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
    );
  });
}

test('the manifests are what the API of Kubernetes takes', () => {
  expect(manifests.map(({ kind }) => kind)).toEqual([
    'Deployment',
    'PodDisruptionBudget',
    'HorizontalPodAutoscaler',
  ]);
  const changed = (kind: string, right: string, wrong: string): Manifest => {
    const text = JSON.stringify(of(kind));
    expect(text).toContain(right);
    return JSON.parse(text.replace(right, wrong)) as Manifest;
  };
  expect(
    mistakesIn([
      ...manifests,
      changed('Deployment', '"livenessProbe"', '"livenessprobe"'),
      changed('HorizontalPodAutoscaler', '"minReplicas":2', '"minReplicas":"2"'),
      changed('HorizontalPodAutoscaler', '"autoscaling/v2"', '"autoscaling/v1"'),
    ]),
  ).toEqual([
    [],
    [],
    [],
    [expect.stringContaining(`'"livenessprobe"' does not exist in type 'Container'`)],
    [expect.stringContaining("'string' is not assignable to type 'number'")],
    [expect.stringContaining(`'"metrics"' does not exist in type 'HorizontalPodAutoscalerSpec'`)],
  ]);
});

test('probes ask the paths and the port that the worker is started with', () => {
  const pod = of('Deployment').spec.template.spec;
  const { args, ports, ...probes } = pod.containers[0]!;
  expect(args[args.indexOf('--health') + 1]).toBe(String(ports[0]!.containerPort));
  expect(probes.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'health' });
  expect(probes.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' });
  expect(probes.startupProbe.httpGet.path).toBe('/livez');
  // A stopping worker takes up to 15 s.
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(15);
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
