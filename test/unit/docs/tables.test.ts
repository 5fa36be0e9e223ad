import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Registry } from 'prom-client';
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
