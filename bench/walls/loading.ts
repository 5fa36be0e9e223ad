import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { limited, readable, type Benchmark } from '../benchmark';
import { median } from '../statistics';

const ROOT = path.join(__dirname, '..', '..');
const MOST_MODULES = 60;
const LIMIT = 2;
/** A process takes 0.1 s, and how long its files take to load varies. */
const PROCESSES_A_REPETITION = 4;

/** The quickstart, as its file is after TypeScript. */
const QUICKSTART = `
  const { check, knot, tapestry } = require('selvage');
  const { z } = require('zod');
  const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
  const add = knot('add', async ({ a, b }) => a + b);
  check(tapestry('quickstart', { parameters: { x: z.number() } }, (_t, { x }) => {
    return { answer: add({ a: x, b: double({ x }, { id: 'd' }) }, { id: 'answer' }) };
  }));
`;
const ZOD = `require('zod').z.object({ x: require('zod').z.number() });`;

/** Loading and compiling the quickstart, beside loading zod alone, each in a process of its own. */
export const loading: Benchmark = {
  name: 'walls: loading the quickstart',
  async run({ repetitions }) {
    const ours: number[] = [];
    const zod: number[] = [];
    let modules = 0;
    for (let turn = 0; turn <= repetitions * PROCESSES_A_REPETITION; turn++) {
      const [own, other] = [await loaded(QUICKSTART), await loaded(ZOD)];
      // The first ones read the files from the disk.
      if (turn === 0) continue;
      ours.push(own.time);
      zod.push(other.time);
      modules = own.modules;
    }
    const remark = `${readable(median(ours))} against ${readable(median(zod))} ms`;
    const measure = 'walls: import and compile the quickstart';
    return [
      limited(measure, median(ours) / median(zod), LIMIT, 'x zod alone', { ours, zod }, remark),
      limited(
        'walls: modules of the package that the quickstart loads',
        modules,
        MOST_MODULES,
        'modules',
        {},
      ),
    ];
  },
};

const execute = promisify(execFile);

async function loaded(program: string): Promise<{ readonly time: number; readonly modules: number }> {
  const library = path.join(ROOT, 'lib', path.sep);
  const script = `
    const since = performance.now();
    ${program}
    const time = performance.now() - since;
    const modules = Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(library)})).length;
    console.log(JSON.stringify({ time, modules }));
  `;
  const { stdout } = await execute(process.execPath, ['-e', script], { cwd: ROOT });
  return JSON.parse(stdout) as { time: number; modules: number };
}
