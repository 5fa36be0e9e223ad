import { createRequire } from 'node:module';
import { htmlForRun, knot, runLocally, svgForRun, tapestry, type Knot } from 'selvage';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const built = createRequire(__filename);
const { layoutPicture } = built(
  '../../lib/visualisation/layout',
) as typeof import('../../src/visualisation/layout');

const KNOTS = 10_000;
const LAYOUT_MS = 250;
const HTML_MS = 1_000;
const HTML_BYTES = 3_000_000;

const step = knot('step', (inputs: Record<string, number>) => Object.values(inputs).length);

/** Parents of knot `index`: near ones, now and then one far away, which needs a lane of its own. */
type Wiring = (index: number) => readonly number[];

const SHAPES: Readonly<Record<string, { readonly id: (index: number) => string; readonly parents: Wiring }>> =
  {
    'layers of 50 in groups': {
      id: (index) => `part-${Math.floor(index / 500)}.step-${index}`,
      parents: (index) => {
        if (index < 50) return [];
        const far = index % 40 === 0 ? [Math.floor(index / 7)] : [];
        return [...new Set([index - 50, index - 50 + ((index * 7) % 25), ...far])].filter((of) => of < index);
      },
    },
    chain: { id: (index) => `step-${index}`, parents: (index) => (index === 0 ? [] : [index - 1]) },
    'fan out and in': {
      id: (index) => `step-${index}`,
      parents: (index) => {
        if (index === 0) return [];
        return index < KNOTS - 1 ? [0] : Array.from({ length: KNOTS - 2 }, (_, at) => at + 1);
      },
    },
  };

type Drawn = Awaited<ReturnType<typeof resultOf>>;

async function resultOf(shape: string) {
  const { id, parents } = SHAPES[shape]!;
  const made = tapestry('drawn', () => {
    const knots: Knot<number>[] = [];
    for (let index = 0; index < KNOTS; index++)
      knots.push(
        step(Object.fromEntries(parents(index).map((of) => [`of${of}`, knots[of]!])), { id: id(index) }),
      );
    return { last: knots.at(-1)! };
  });
  return await runLocally(made, {});
}

/** The layout of large graphs, and files that show them. */
export const pictures: Benchmark = {
  name: 'seeing: pictures',
  async run({ repetitions }: BenchmarkOptions) {
    const rows: Row[] = [];
    for (const shape of Object.keys(SHAPES))
      rows.push(...(await measure(shape, await resultOf(shape), repetitions)));
    return rows;
  },
};

async function measure(shape: string, result: Drawn, repetitions: number): Promise<Row[]> {
  const of = `of ${KNOTS.toLocaleString('en')} knots, ${shape}`;
  const layout = await times(repetitions, () => layoutPicture(result.graph));
  let html = '';
  const file = await times(repetitions, () => (html = htmlForRun(result)));
  let svg = '';
  const drawing = await times(repetitions, () => (svg = svgForRun(result)));
  const bytes = Buffer.byteLength(html);
  return [
    limited(`seeing: layout ${of}`, median(layout), LAYOUT_MS, 'ms', { times: layout }),
    limited(`seeing: htmlForRun ${of}`, median(file), HTML_MS, 'ms', { times: file }),
    limited(`seeing: htmlForRun ${of}: size`, bytes / 1e6, HTML_BYTES / 1e6, 'MB', { bytes }),
    {
      measure: `seeing: svgForRun ${of}`,
      measured: `${readable(median(drawing))} ms, ${readable(Buffer.byteLength(svg) / 1e6)} MB`,
      numbers: { times: drawing },
    },
  ];
}

async function times(repetitions: number, work: () => unknown): Promise<number[]> {
  const all: number[] = [];
  for (let repetition = -1; repetition < repetitions; repetition++) {
    const time = await timed(async () => work());
    if (repetition >= 0) all.push(time);
  }
  return all;
}
