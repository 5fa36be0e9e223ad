import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Registry } from 'prom-client';
import ts from 'typescript';
import { toolsFor } from '../../../src/mcp/tools';
import { addGauges } from '../../../src/serve/gauges';
import { createMetrics } from '../../../src/serve/metrics';
import { PAGES, readFile } from '../../support/doc-snippets';

const ROOT = path.join(__dirname, '../../..');

/** The names in backquotes of the first cells of a page's tables. */
const firstCells = (page: string, name: RegExp): string[] =>
  [...readFile(page).matchAll(/^\| ([^|]*) \|/gm)]
    .flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!))
    .filter((word) => name.test(word));

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

test('the tables of metrics have each that a process offers, and no other', async () => {
  const registry = new Registry();
  const metrics = await createMetrics(registry);
  // Nothing is asked before a scrape.
  addGauges(metrics, { selvage: {}, taskQueues: () => [] } as never);
  const pages = ['docs/operations/monitor.md', 'docs/triggers/serve.md'];
  const documented = pages.flatMap((page) => firstCells(page, /^selvage_/));
  expect(sorted(documented)).toEqual(sorted(registry.getMetricsAsArray().map(({ name }) => name)));
  const labels = [...readFile('docs/triggers/serve.md').matchAll(/^\| `(selvage_\w+)` +\| ([^|]*) \|/gm)].map(
    ([, name, cell]) => [name!, [...cell!.matchAll(/`(\w+)`/g)].map(([, label]) => label!)] as const,
  );
  expect(labels.length).toBeGreaterThan(3);
  for (const [name, told] of labels) {
    const { labelNames } = registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] };
    expect([name, told]).toEqual([name, labelNames]);
  }
});

test('the table of tools for assistants has each that only asks; the acts stand below it', () => {
  const questions = [...toolsFor(false).keys()];
  expect(sorted(firstCells('docs/mcp.md', /^[a-z]+_[a-z_]+$/))).toEqual(sorted(questions));
  const acts = [...toolsFor(true).keys()].filter((name) => !questions.includes(name));
  expect(acts.length).toBeGreaterThan(0);
  for (const act of acts) expect(readFile('docs/mcp.md')).toContain(`\`${act}\``);
});

describe('environment variables', () => {
  const VARIABLE = /\bSELVAGE_[A-Z_]*[A-Z]\b/g;
  /** What one process of ours tells another, and what is no variable. */
  const OURS = ['SELVAGE_CLUSTER_OPTIONS', 'SELVAGE_DEV_PAGE_AGAIN', 'SELVAGE_DEV_WORKER', 'SELVAGE_ERROR'];
  const namesIn = (texts: readonly string[]): string[] =>
    sorted(texts.flatMap((text) => text.match(VARIABLE) ?? []));
  const filesOf = (folder: string): string[] =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:[jt]sx?|py)$/.test(name))
      .map((name) => readFile(path.join(folder, name)));
  const pages = PAGES.filter((page) => !page.startsWith('docs/internals/')).map(readFile);
  const sources = [...filesOf('src'), ...filesOf('python/src')];

  test('each that is read is in the documentation', () => {
    const documented = namesIn(pages);
    const read = namesIn(sources).filter((name) => !OURS.includes(name));
    expect(read.length).toBeGreaterThan(20);
    expect(read.filter((name) => !documented.includes(name))).toEqual([]);
  });

  test('each in the documentation is read', () => {
    const read = [...namesIn(sources), ...OURS];
    // The variables of Kafka are read by what follows a prefix.
    const [, list = ''] = /Reads (`<prefix>_BROKERS`[\s\S]*?)\.$/m.exec(
      readFile('src/adapters/kafka/connection.ts'),
    )!;
    const ofKafka = [...list.matchAll(/_([A-Z_]+)`/g)].map(([, name]) => `SELVAGE_KAFKA_${name}`);
    expect(ofKafka.length).toBeGreaterThan(5);
    expect(namesIn(pages).filter((name) => !read.includes(name) && !ofKafka.includes(name))).toEqual([]);
  });
});

/** Options of all emitters stand on one page, those of a list of endpoints above the table. */
const EMITTER_OPTIONS = [
  'batchSize',
  'endpoints',
  'filter',
  'from',
  'name',
  'payloadLimit',
  'payloads',
  'source',
  'timeout',
];

/** Each table whose first column is called _option_, with the type of the options, and what is told elsewhere on the page or another. */
const OPTIONS: Readonly<Record<string, { of: string; in: string; elsewhere?: readonly string[] }>> = {
  'docs/adapters/kafka.md': { of: 'KafkaTriggerOptions', in: 'triggers/kafka' },
  'docs/authoring.md': { of: 'KnotConfig', in: 'authoring/knot' },
  'docs/dispatchers/python.md': { of: 'PythonHost', in: 'authoring/dispatchers', elsewhere: ['kind'] },
  'docs/dispatchers/threads.md': { of: 'ThreadsHost', in: 'authoring/dispatchers', elsewhere: ['kind'] },
  'docs/explorer/own-server.md': { of: 'UiHandlerOptions', in: 'explorer/ui-handler' },
  'docs/nodes/map.md': { of: 'MapArguments', in: 'authoring/nodes/map', elsewhere: ['over'] },
  'docs/nodes/sql.md': { of: 'SqlOptions', in: 'authoring/nodes/sql' },
  'docs/observability/webhooks.md': {
    of: 'WebhookEmitterOptions',
    in: 'emitters/webhook',
    elsewhere: EMITTER_OPTIONS,
  },
  'docs/schedules.md': { of: 'ScheduleOptions', in: 'triggers/schedule', elsewhere: ['offset'] },
  'docs/streams/options.md': { of: 'StreamOptions', in: 'streams/declaration' },
  'docs/testing/body-hosts.md': { of: 'BodyHostSuiteOptions', in: 'testing/body-host/describe-body-host' },
  'docs/testing/crashes.md': {
    of: 'SimulateOptions',
    in: 'testing/simulator/simulate',
    elsewhere: ['parameters'],
  },
  'docs/triggers/messages.md': { of: 'ValkeyStreamOptions', in: 'triggers/valkey', elsewhere: ['channel'] },
  'docs/triggers/webhooks.md': {
    of: 'WebhookOptions',
    in: 'triggers/webhook',
    elsewhere: ['path', 'verify'],
  },
};

describe('tables of options', () => {
  const tableOf = (page: string): string =>
    /^\| option +\|[\s\S]*?(?=\n[^|]|\n\n)/m.exec(readFile(page))?.[0] ?? '';
  const documented = (page: string): string[] =>
    [...tableOf(page).matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`(\w+)[^`]*`/g)].map(([, word]) => word!),
    );
  const sourceOf = (page: string): string => path.join(ROOT, 'src', `${OPTIONS[page]!.in}.ts`);
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path.join(ROOT, 'tsconfig.build.json'), ts.sys.readFile).config,
    ts.sys,
    ROOT,
  );
  const program = ts.createProgram(Object.keys(OPTIONS).map(sourceOf), options);
  const checker = program.getTypeChecker();

  function namesOf(page: string): string[] {
    const symbols = checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(sourceOf(page))!)!,
    );
    const symbol = symbols.find(({ name }) => name === OPTIONS[page]!.of)!;
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const parts = type.isUnion() ? type.types : [type];
    return parts.flatMap((part) => checker.getPropertiesOfType(part).map(({ name }) => name));
  }

  test.each(Object.keys(OPTIONS))('that of %s has each option, and no other', (page) => {
    const { elsewhere = [] } = OPTIONS[page]!;
    const expected = namesOf(page).filter((name) => !elsewhere.includes(name));
    expect(expected.length).toBeGreaterThan(2);
    expect(sorted(documented(page))).toEqual(sorted(expected));
    for (const name of elsewhere)
      expect([name, namesOf(page)]).toEqual([name, expect.arrayContaining([name])]);
  });

  test('each is checked', () => {
    const notOfAType = ['docs/capsule.md', 'docs/cli.md', 'docs/limits.md', 'docs/reuse.md'];
    const pages = PAGES.filter((page) => !page.startsWith('docs/internals/') && tableOf(page) !== '');
    expect(sorted(pages)).toEqual(sorted([...Object.keys(OPTIONS), ...notOfAType]));
  });
});
