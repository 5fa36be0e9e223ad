import { WorkCounter } from '../../support/counted-work';
import { LARGE_DOCUMENTS } from '../../support/large-documents';

const counter = new WorkCounter();
afterAll(() => counter.close());
// eslint-disable-next-line @typescript-eslint/no-require-imports -- what is counted is loaded after the counter is made
const { knot, loadPipeline } = require('../../../src') as typeof import('../../../src');

const callables = { f: knot('f', ({ x }: { x: unknown }) => x), g: () => 1 };
test.each(Object.entries(LARGE_DOCUMENTS))('loading takes work in proportion to %s', (_, documentOf) => {
  const load = (text: string): unknown => loadPipeline(text, { callables });
  load(documentOf(10));
  const [few, many] = [200, 800].map((count) => {
    const text = documentOf(count);
    return counter.of(() => load(text));
  });
  expect(few).toBeGreaterThan(200 * 10);
  expect(many).toBeLessThan(few! * 4.4);
});
