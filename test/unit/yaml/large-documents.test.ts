import { WorkCounter } from '../../support/counted-work';

const counter = new WorkCounter();
afterAll(() => counter.close());
// eslint-disable-next-line @typescript-eslint/no-require-imports -- what is counted is loaded after the counter is made
const { knot, loadPipeline } = require('../../../src') as typeof import('../../../src');

const callables = { f: knot('f', ({ x }: { x: unknown }) => x), g: () => 1 };
const P = '  - { id: p, type: parameter, type_: int }';
const rows = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => row(index)).join('\n');
const parameters = (count: number): string =>
  rows(count, (index) => `  - { id: p${index}, type: parameter, type_: int, default: 1 }`);

const DOCUMENTS: Readonly<Record<string, (count: number) => string>> = {
  'parameters that nothing uses': (count) => `nodes:\n${parameters(count)}\n`,
  'parameters of one knot': (count) =>
    `nodes:\n${parameters(count)}\n  - { id: a, type: aggregate, combine: g, parents: { ${rows(count, (index) => `x${index}: p${index},`)} } }\n`,
  'knots in a chain, the last first': (count) =>
    `nodes:\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: ${index + 1 < count ? `k${index + 1}` : 'p'} } }`)}\n${P}\n`,
  'knots beside each other, all terminals': (count) =>
    `nodes:\n${P}\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: p } }`)}\nterminals: [${rows(count, (index) => `k${index},`)}]\n`,
  'parts of a value': (count) =>
    `nodes:\n  - { id: p, type: parameter, type_: dict }\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: { from: p, path: a${index} } } }`)}\n`,
  'paths of a branch': (count) =>
    `nodes:\n${P}\n  - { id: b, type: branch, input: p, selector: g, branches: [${rows(count, (index) => `t${index},`)}] }\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: "b:t${index}" } }`)}\n`,
  'nodes that nest a document of as many': (count) =>
    `nodes:\n${P}\n${rows(count, (index) => `  - { id: s${index}, type: subTapestry, tapestry: inner, parents: { p: p } }`)}\n---\nname: inner\nnodes:\n${P}\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: p } }`)}\n`,
  'schemas with patterns': (count) =>
    `nodes:\n${rows(count, (index) => `  - { id: p${index}, type: parameter, schema: { type: string, pattern: "^a${index}+$" }, default: a${index} }`)}\n`,
};

function load(text: string): void {
  try {
    loadPipeline(text, { callables });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'InvalidPipeline') throw error;
  }
}

test.each(Object.entries(DOCUMENTS))('loading takes work in proportion to %s', (_, documentOf) => {
  load(documentOf(10));
  const [few, many] = [200, 800].map((count) => {
    const text = documentOf(count);
    return counter.of(() => load(text));
  });
  expect(few).toBeGreaterThan(200 * 10);
  expect(many).toBeLessThan(few! * 4.4);
});
