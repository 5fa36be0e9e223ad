import { createRequire } from 'node:module';
import { knot, loadPipeline } from 'selvage';
import { parseAllDocuments } from 'yaml';
import { LARGE_DOCUMENTS } from '../../test/support/large-documents';
import { limited, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median, timed } from '../statistics';

const built = createRequire(__filename);
const { planOf } = built('../../lib/runtime') as typeof import('../../src/runtime');
const { recordOf } = built('../../lib/authoring/record-of') as typeof import('../../src/authoring/record-of');
const { nodeSha256 } = built('../../lib/backends') as typeof import('../../src/backends');

const NODES = 1_000;
const LIMIT_MS = 100;

const MANY = 20_000;
/** Loading reads, checks, wires and plans what parsing only reads. */
const LIMIT_OF_PARSING = 2;
/** Those that hold less than half a million values. */
const LARGE = [
  'parameters that nothing uses',
  'parameters of one knot',
  'knots in a chain, the last first',
  'knots beside each other, all terminals',
  'parts of a value',
] as const;

/** A document of many nodes: read, checked, made into a tapestry, and into its plan. */
export const yaml: Benchmark = {
  name: 'seeing: YAML',
  async run({ repetitions }: BenchmarkOptions) {
    const lines = ['name: many', 'nodes:', '  - { id: x, type: parameter, type_: int, default: 5 }'];
    for (let index = 0; index < NODES - 1; index++) {
      const parents = index === 0 ? 'a: x' : `a: n${index - 1}, b: ${index < 10 ? 'x' : `n${index - 10}`}`;
      lines.push(`  - id: n${index}`, '    type: knot', '    callable: add', `    parents: { ${parents} }`);
      lines.push(`    config: { times: ${index} }`);
    }
    const text = lines.join('\n');
    const add = ({ a, b = 0, times }: { a: number; b?: number; times: number }): number => a + b + times;
    const times: number[] = [];
    // Code that has run a few times, as in a process that loads what it is told.
    for (let repetition = -5; repetition < repetitions; repetition++) {
      const time = await timed(async () => {
        const { tapestry } = loadPipeline(text, { callables: { add } });
        // The one that a run has: loading has made it already.
        const { plan } = planOf(recordOf(tapestry), nodeSha256);
        if (plan.knots.length !== NODES) throw new Error(`The plan has ${plan.knots.length} knots.`);
      });
      if (repetition === -5 || repetition >= 0) times.push(time);
    }
    const [first, ...later] = times as [number, ...number[]];
    const measure = `seeing: YAML of ${NODES.toLocaleString('en')} nodes to plan`;
    return [
      limited(
        measure,
        median(later),
        LIMIT_MS,
        'ms',
        { first, times: later },
        `${Math.round(first)} the first time in a process`,
      ),
      ...(await large(repetitions)),
    ];
  },
};

/** Documents of 20,000 nodes, beside what the package `yaml` takes to parse their text. */
async function large(repetitions: number): Promise<Row[]> {
  const callables = { f: knot('f', ({ x }: { x: unknown }) => x), g: () => 1 };
  const rows: Row[] = [];
  for (const kind of LARGE) {
    const text = LARGE_DOCUMENTS[kind]!(MANY);
    const load = async (): Promise<void> => void loadPipeline(text, { callables });
    // Looking for equal keys, the package compares each with each.
    const parse = async (): Promise<void> => void parseAllDocuments(text, { uniqueKeys: false });
    const { ours, raw } = await compare(repetitions, load, parse);
    rows.push(
      limited(
        `seeing: YAML of ${MANY.toLocaleString('en')} ${kind}, times the parsing of its text`,
        median(ours) / median(raw),
        LIMIT_OF_PARSING,
        'times',
        { ours, raw },
        `${(median(ours) / 1_000).toFixed(1)} s`,
      ),
    );
  }
  return rows;
}
