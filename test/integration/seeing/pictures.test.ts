import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import type { RunGraph } from '../../../src/authoring/run-graph';
import { mermaidOf } from '../../../src/visualisation/mermaid';
import { svgOf } from '../../../src/visualisation/svg';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { graphOfEdges, HOSTILE_TEXTS, hostileGraphs } from '../../support/drawn-graphs';

const MERMAID = require.resolve('mermaid/dist/mermaid.min.js');

/** The part of the browser's types that is used: the tests know those of Node. */
interface Element {
  title: string;
  innerHTML: string;
  innerText: string;
  nodeName: string;
  documentElement: Element;
  getElementById(id: string): Element;
  querySelectorAll(selector: string): Iterable<Element> & { length: number };
}
type Parser = new () => { parseFromString(text: string, type: string): Element };

interface Rendered {
  readonly error?: string;
  /** Text of nodes, without white space at its ends. */
  readonly labels: readonly string[];
  readonly edges: number;
  readonly title: string;
  /** Elements in the drawing that could do something. */
  readonly active: number;
}

describeInBrowser()('pictures in a browser', () => {
  let browser: Browser;
  let page: Page;
  const asked: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('request', (request) => asked.push(request.url()));
    await page.setContent('<!doctype html><title>pictures</title><div id="place"></div>');
    await page.addScriptTag({ content: readFileSync(MERMAID, 'utf8') });
    await page.evaluate(() => {
      const { mermaid } = globalThis as unknown as { mermaid: { initialize(options: object): void } };
      mermaid.initialize({ startOnLoad: false });
    });
  });
  afterAll(async () => browser?.close());

  async function render(text: string): Promise<Rendered> {
    return await page.evaluate(async (source) => {
      const { mermaid, document } = globalThis as unknown as {
        mermaid: { render(id: string, text: string): Promise<{ svg: string }> };
        document: Element;
      };
      const place = document.getElementById('place');
      const title = (): string => document.title;
      try {
        const { svg } = await mermaid.render('drawing', source);
        place.innerHTML = svg;
        const labels = [...place.querySelectorAll('.node .nodeLabel')].map((each) => each.innerText.trim());
        const edges = place.querySelectorAll('path.flowchart-link').length;
        const active = place.querySelectorAll('script, img, a, iframe, [onerror], [onclick]').length;
        return { labels, edges, title: title(), active };
      } catch (error) {
        return { error: String(error), labels: [], edges: 0, title: title(), active: 0 };
      }
    }, text);
  }

  test('Mermaid 11 draws every chart, and nothing of a text becomes more than text', async () => {
    await fc.assert(
      fc.asyncProperty(hostileGraphs, async (graph) => {
        const edges = new Set(
          graph.knots.flatMap(({ inputs }, to) =>
            inputs.map((input) => ('from' in input ? `${input.from} ${to}` : '')),
          ),
        );
        expect(await render(mermaidOf(graph))).toMatchObject({
          labels: { length: graph.knots.length },
          edges: edges.size,
          title: 'pictures',
          active: 0,
        });
      }),
      { numRuns: 60 },
    );
  });

  test('a label says what it was given, whatever Mermaid makes of such texts elsewhere', async () => {
    const given = HOSTILE_TEXTS.filter((text) => text.length < 50);
    const knots = given.map((text, index) => ({
      id: text,
      kind: 'knot' as const,
      configHash: `sha256:${index}`,
      inputs: [],
    }));
    const { labels, error } = await render(mermaidOf({ tapestry: 'labels', planHash: 'sha256:0', knots }));
    expect(error).toBeUndefined();
    const told = labels.map((label) => label.split('\n')[0]!.replaceAll('\u2060', ''));
    for (const text of [
      '"',
      '`',
      'end',
      '1. one',
      '- item',
      '# heading',
      '%% comment',
      '<!-- ',
      '😀 👩‍👩‍👧 日本語 العربية',
      '__proto__',
      ':::ok',
      '[]{}()<>|\\/',
      '\\n\\t\\u0041',
    ]) {
      expect(told).toContain(text.trim());
    }
    expect(told).toContain('nul \\u0000 and esc \\u001b[31m and bell \\u0007');
    expect(told).toContain('a b c d');
  });

  test('of what Mermaid would refuse, groups are drawn, or the beginning; the chart says so', async () => {
    const groups = graphOfEdges(
      2000,
      (index) => (index === 0 ? [] : [index - 1]),
      (index) => `part-${index % 7}.step.k${index}`,
    );
    const loose = graphOfEdges(10_000, (index) => (index === 0 ? [] : [Math.floor(index / 3)]));
    for (const [graph, note, boxes] of [
      [
        groups,
        /^%% 2,000 knots and 1,999 edges are more than Mermaid draws\. Groups are drawn as one box each\.\n/,
        7,
      ],
      [loose, /^%% 10,000 knots .* Only the beginning is drawn/, 501],
    ] as const) {
      const text = mermaidOf(graph);
      expect(text).toMatch(note);
      const { error, labels } = await render(text);
      expect(error).toBeUndefined();
      expect(labels).toHaveLength(boxes);
    }
  });

  test('an SVG is drawn as a picture of its own in both schemes, with a tooltip for each knot and no request', async () => {
    await fc.assert(
      fc.asyncProperty(hostileGraphs, async (graph: RunGraph) => {
        const svg = svgOf(graph, { runId: graph.tapestry, status: 'failed' });
        const drawn = await page.evaluate((text) => {
          const { DOMParser } = globalThis as unknown as { DOMParser: Parser };
          const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
          const count = (selector: string): number => root.querySelectorAll(selector).length;
          return {
            name: root.nodeName,
            knots: count('g > .n'),
            tooltips: count('g > title'),
            active: count('script, a, image, foreignObject'),
          };
        }, svg);
        expect(drawn).toEqual({
          name: 'svg',
          knots: graph.knots.length,
          tooltips: expect.any(Number),
          active: 0,
        });
        expect(drawn.tooltips).toBeGreaterThanOrEqual(graph.knots.length);
      }),
      { numRuns: 100 },
    );
    expect(asked.filter((url) => !url.startsWith('about:'))).toEqual([]);
  });
});
