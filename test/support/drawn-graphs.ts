import fc from 'fast-check';
import type { GraphKnot, GraphKnotKind, GraphState, RunGraph } from '../../src/authoring/run-graph';

const KINDS: readonly GraphKnotKind[] = [
  'knot',
  'path',
  'gate',
  'branch',
  'firstOk',
  'subTapestry',
  'loop',
  'map',
  'waitForSignal',
  'sleep',
  'waitUntil',
];

/** Texts that may end labels, begin tags, comments or directives, hide or reverse text, or confuse a renderer. */
export const HOSTILE_TEXTS: readonly string[] = [
  '"',
  '"]\n  evil["here',
  '`',
  '`**bold**`',
  '<script>document.title = "owned"</script>',
  '<img src=x onerror="document.title=\'owned\'">',
  '<!-- ',
  ']]>',
  '&lt;b&gt; &amp; &#34; #quot; #35;',
  'end',
  'subgraph',
  '1. one',
  '- item',
  '# heading',
  '> quote',
  '%% comment',
  '%%{init: {"theme":"dark"}}%%',
  '---\ntitle: x\n---',
  'click k0 href "javascript:alert(1)"',
  '[]{}()<>|\\/',
  '\\n\\t\\u0041',
  'a\nb\r\nc\td',
  'nul \0 and esc \u001b[31m and bell \u0007',
  'turned \u202e gnp.exe',
  'hidden \u200b\u2060\ufeff',
  'alone \ud800 and \udc00',
  '😀 👩‍👩‍👧 日本語 العربية',
  '__proto__',
  '$$x^2$$',
  ':::ok',
  'fa:fa-car',
  'x'.repeat(5000),
];

const text = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

const hash = 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

const state: fc.Arbitrary<GraphState> = fc
  .record(
    {
      outcome: fc.constantFrom('ok' as const, 'err' as const, 'skipped' as const),
      outputHash: fc.constant(hash),
      cachedFromRun: text,
      error: fc.record({ type: text, message: text }),
      elements: fc.record({ count: fc.nat(), failed: fc.nat() }),
      childRunId: text,
      attempt: fc.integer({ min: 1, max: 5 }),
      took: fc.nat(),
    },
    { requiredKeys: ['outcome', 'attempt', 'took'] },
  )
  .map(({ took, ...known }) => ({ ...known, scheduledAt: 1, startedAt: 2, finishedAt: 2 + took }));

/** Graphs with all kinds of knots and only hostile texts. */
export const hostileGraphs: fc.Arbitrary<RunGraph> = fc
  .record({
    tapestry: text,
    knots: fc.array(
      fc.record(
        {
          name: fc.tuple(fc.constantFrom('', 'a.', 'a.b.', 'c/'), text),
          kind: fc.constantFrom(...KINDS),
          definition: text,
          summary: text,
          signal: text,
          each: text,
          version: text,
          state,
          parents: fc.array(fc.nat(), { maxLength: 3 }),
        },
        { requiredKeys: ['name', 'kind', 'parents'] },
      ),
      { maxLength: 12 },
    ),
  })
  .map(({ tapestry, knots }) => ({
    tapestry,
    planHash: hash,
    knots: knots.map(({ name, parents, ...known }, index): GraphKnot => ({
      ...known,
      id: `${name.join('')}${index}`,
      configHash: hash,
      codeHash: hash,
      inputs: index === 0 ? [] : parents.map((parent, at) => ({ name: `input-${at}`, from: parent % index })),
    })),
  }));

/** A graph with these edges, for tests of shapes. */
export function graphOfEdges(
  count: number,
  parentsOf: (index: number) => readonly number[],
  idOf = (index: number): string => `k${index}`,
): RunGraph {
  const knots = Array.from({ length: count }, (_, index): GraphKnot => ({
    id: idOf(index),
    kind: 'knot',
    configHash: hash,
    inputs: parentsOf(index).map((from, at) => ({ name: `i${at}`, from })),
  }));
  return { tapestry: 'drawn', planHash: hash, knots };
}
