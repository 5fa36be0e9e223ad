import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { hostedKnot, knot, map, program, python, pythonKnot, queue, runLocally, tapestry } from '../../src';
import { describePython } from '../../src/body-hosts';
import { createWorker } from '../../src/worker';
import type { LineageRecord } from '../../src/ports';
import {
  connectSelvage,
  closeAll,
  openSelvage,
  startWorker,
  temporaryFolder,
  unique,
} from '../support/open-selvage';
import { inPython, pythonHost, whyNoPython } from '../support/python-bodies';
import { refusal } from '../support/refusal';
import { exiting, notes, waiting } from '../support/thread-bodies';
import { until } from '../support/until';

afterEach(closeAll);

const notesIn = (file: string): string[] => (existsSync(file) ? notes(file) : []);

describe('threads', () => {
  test('a thread that a body ends is a lost worker of its knot, and of nothing else', async () => {
    const selvage = await openSelvage({ tapestries: [exiting] });
    const file = path.join(await temporaryFolder(), 'notes');
    const run = await selvage.start(exiting, { file, until: 1 });
    expect(await run.values()).toEqual({ exits: 'survived', first: 1 });
    expect(notes(file)).toEqual(['beside', 'exits', 'exits']);
    const other = path.join(await temporaryFolder(), 'notes');
    const given = await selvage.start(exiting, { file: other, until: 100 });
    expect((await given.result()).outcomes['exits']).toMatchObject({
      kind: 'err',
      error: { type: 'WorkerLost' },
    });
    expect(notes(other)).toEqual(['beside', 'exits', 'exits', 'exits']);
  });

  test('a cancelled run tells the body', async () => {
    const selvage = await openSelvage({ tapestries: [waiting] });
    const file = path.join(await temporaryFolder(), 'notes');
    const run = await selvage.start(waiting, { file });
    await until('the body runs', () => notesIn(file).includes('waits'));
    await run.cancel();
    await run.result();
    await until('the body was told', () => notesIn(file).includes('told'));
  });
});

const fine = knot('fine', (_: object) => 1);

describe('a worker', () => {
  test('whose host lacks a body does not begin', async () => {
    const command = [process.execPath, '-e', 'process.exit(3)'];
    const body = hostedKnot<object, number>(program({ command, name: 'ends' }), 'body');
    const hosted = tapestry('hosted', () => ({ x: body({}, { id: 'x' }), y: fine({}, { id: 'y' }) }));
    const selvage = await connectSelvage();
    await expect(startWorker(selvage, { tapestries: [hosted] })).rejects.toMatchObject(
      refusal('HostNotUsable', 'it ended with code 3'),
    );
  });
});

test('a host is opened by the workers of the queue on which its bodies are called, and by no others', async () => {
  const elsewhere = unique('elsewhere');
  const on = (queued: boolean) => {
    const host = program({ command: [process.execPath, '-e', 'process.exit(3)'], name: 'ends' });
    const body = hostedKnot<object, number>(host, 'body');
    return tapestry('hosted', () => ({
      x: body({}, { id: 'x', dispatcher: queued ? queue(elsewhere, { host }) : host }),
      y: fine({}, { id: 'y' }),
    }));
  };
  const selvage = await connectSelvage();
  const begins = (taskQueue: string | undefined, of: ReturnType<typeof on>): Promise<unknown> =>
    startWorker(selvage, { tapestries: [of], ...(taskQueue !== undefined && { taskQueue }) });
  await begins(undefined, on(true));
  await expect(begins(elsewhere, on(true))).rejects.toMatchObject(refusal('HostNotUsable', 'code 3'));
  await expect(begins(undefined, on(false))).rejects.toMatchObject(refusal('HostNotUsable', 'code 3'));
});

const missing = whyNoPython();
const withPython = missing === undefined ? describe : describe.skip;
const because = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

withPython(`Python${because}`, () => {
  test('a process that is killed is a lost worker of its knot, and of nothing else', async () => {
    const dying = tapestry('python-dies', (t) => {
      const file = t.parameter('file', z.string());
      const deaths = t.parameter('deaths', z.number());
      const first = inPython.beside({ file }, { id: 'beside' });
      return { first, last: inPython.dies({ file, until: deaths, first }, { id: 'dies' }) };
    });
    const selvage = await openSelvage({ tapestries: [dying] });
    const file = path.join(await temporaryFolder(), 'notes');
    const run = await selvage.start(dying, { file, deaths: 1 });
    expect(await run.values()).toEqual({ first: 1, last: 'survived' });
    expect(notes(file)).toEqual(['beside', 'dies', 'dies']);
    expect(await run.lineage()).toHaveLength(4);
  });

  test('a module that was edited in mid-run is not called as if it were the one that the worker began with', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'edited.py');
    // Its body edits it, and loses its process.
    writeFileSync(
      file,
      `import os, pathlib, signal
from selvage import knot

@knot
def body() -> int:
    text = pathlib.Path(__file__).read_text()
    pathlib.Path(__file__).write_text(text.replace("return 1", "return 2"))
    os.kill(os.getpid(), signal.SIGKILL)
    return 1
`,
    );
    const host = python({ name: 'edited', path: [folder], processes: 1 });
    const body = pythonKnot<object, number>('edited:body', { host });
    const editing = tapestry('python-edited', () => ({ x: body({}, { id: 'x' }) }));
    await expect(runLocally(editing, {})).rejects.toMatchObject(
      refusal('HostNotUsable', 'The body "edited:body" was edited after this worker had begun'),
    );
    expect(readFileSync(file, 'utf8')).toContain('return 2\n');
  });

  test('a process that has loaded a module before it was edited goes on, and calls wait for it instead of being refused', async () => {
    const folder = await temporaryFolder();
    writeFileSync(
      path.join(folder, 'kept.py'),
      `import pathlib, time
from selvage import knot

@knot
def edit() -> list[int]:
    text = pathlib.Path(__file__).read_text()
    pathlib.Path(__file__).write_text(text.replace("return x", "return 2 * x"))
    return [1, 2, 3, 4]

@knot
def body(x: int) -> int:
    time.sleep(0.02)
    return x
`,
    );
    const host = python({ name: 'kept', path: [folder], processes: 2 });
    const edit = pythonKnot<object, number[]>('kept:edit', { host });
    const body = pythonKnot<{ x: number }, number>('kept:body', { host });
    const editing = tapestry('python-kept', () => ({
      all: map({ over: edit({}, { id: 'edit' }), each: body, bind: 'x' }, { id: 'all' }),
    }));
    const { values } = await runLocally(editing, {});
    expect(values.all).toEqual([1, 2, 3, 4]);
  });

  test.each(['in process', 'on Temporal'])(
    'an edited body is other code: its values are made anew, and records say which code made them (%s)',
    async (where) => {
      const folder = await temporaryFolder();
      const write = (factor: number): void =>
        writeFileSync(
          path.join(folder, 'priced.py'),
          `from selvage import knot\n\n@knot\ndef price(x: int) -> int:\n    return ${factor} * x\n`,
        );
      const host = python({ name: 'priced', path: [folder], processes: 1 });
      const price = pythonKnot<{ x: number }, number>('priced:price', {
        host,
        cache: { codeHash: 'source' },
      });
      const xs = knot('xs', () => [1, 2]);
      const pricing = tapestry('python-pricing', () => ({
        one: price({ x: 5 }, { id: 'one' }),
        all: map({ over: xs({}, { id: 'xs' }), each: price, bind: 'x' }, { id: 'all' }),
      }));
      const selvage = await connectSelvage();
      const run = async (): Promise<{ values: object; lineage: readonly LineageRecord[] }> => {
        if (where === 'in process') return await runLocally(pricing, {}, { backends: selvage.backends });
        const worker = await startWorker(selvage, { tapestries: [pricing] });
        const started = await selvage.start(pricing, {});
        const { values } = await started.result();
        await worker.stop();
        return { values, lineage: await started.lineage() };
      };
      const priced = async () => {
        const { values, lineage } = await run();
        const made = lineage.filter(({ definition, outcome }) => definition !== 'xs' && outcome === 'ok');
        const isReused = made.flatMap(({ knot_id: id, cached_from_run: from }) =>
          from === null ? [] : [id],
        );
        return { values, isReused: isReused.sort(), codes: new Set(made.map((record) => record.code_hash)) };
      };
      const all = ['all[0]', 'all[1]', 'one'];
      write(2);
      const first = await priced();
      expect(first).toMatchObject({ values: { one: 10, all: [2, 4] }, isReused: [] });
      expect(await priced()).toEqual({ ...first, isReused: all });
      write(3);
      const edited = await priced();
      expect(edited).toMatchObject({ values: { one: 15, all: [3, 6] }, isReused: [] });
      const [described] = await describePython({ path: [folder] }, ['priced'], () => undefined);
      expect([...edited.codes]).toEqual([described!.source]);
      expect(edited.codes).not.toEqual(first.codes);
      write(2);
      expect(await priced()).toEqual({ ...first, isReused: all });
    },
  );

  test('what a body throws is told with the place in its file', async () => {
    const throwing = tapestry('python-throws', () => ({ x: inPython.throws({}, { id: 'x' }) }));
    const { outcomes } = await runLocally(throwing, {});
    expect(outcomes['x']).toMatchObject({
      kind: 'err',
      error: { type: 'TypeError', at: expect.stringMatching(/\/python-bodies\/bodies\.py:\d+$/) },
    });
  });

  test('a body that does not end after its timeout ends its process', async () => {
    const blocking = tapestry('python-blocks', (t) => ({
      blocked: inPython.blocks(
        { file: t.parameter('file', z.string()) },
        { id: 'blocked', timeout: 300, cancelGrace: 0 },
      ),
      after: inPython.square({ x: 3 }, { id: 'after' }),
    }));
    const file = path.join(await temporaryFolder(), 'notes');
    const { outcomes } = await runLocally(blocking, { file });
    expect(outcomes['blocked']).toMatchObject({ kind: 'err', error: { type: 'BodyTimeout' } });
    expect(outcomes['after']).toMatchObject({ kind: 'ok', value: 9 });
  });

  test('what a body prints is its log, and no part of the protocol', async () => {
    const said: string[] = [];
    const line = (_: object, message: string): number => said.push(message);
    const printing = tapestry('python-prints', () => ({ x: inPython.prints({}, { id: 'x' }) }));
    const logger = { debug: line, info: line, warn: line, error: line };
    expect((await runLocally(printing, {}, { logger })).values).toEqual({ x: 1 });
    await until('both lines have come', () => said.length === 2);
    expect(said).toEqual(['out of Python', 'by its descriptor']);
  });

  test('a worker that cannot connect ends the processes that it has started', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'pid');
    writeFileSync(
      path.join(folder, 'leaving.py'),
      `import os, pathlib\nfrom selvage import knot\n\npathlib.Path(${JSON.stringify(file)}).write_text(str(os.getpid()))\n\n@knot\ndef body() -> int:\n    return 1\n`,
    );
    const body = pythonKnot<object, number>('leaving:body', {
      host: python({ name: 'leaving', path: [folder] }),
    });
    const leaving = tapestry('python-leaving', () => ({ x: body({}, { id: 'x' }) }));
    const unreachable = createWorker({ tapestries: [leaving], address: 'localhost:1' });
    await expect(unreachable).rejects.toMatchObject(refusal('ServerUnreachable', 'localhost:1'));
    const pid = Number(readFileSync(file, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('a body that is not there, and a module that does not load, are said before the worker polls', async () => {
    const selvage = await connectSelvage();
    const of = (name: string): Promise<unknown> => {
      const body = pythonKnot<object, number>(name, { host: pythonHost });
      return startWorker(selvage, { tapestries: [tapestry('absent', () => ({ x: body({}, { id: 'x' }) }))] });
    };
    await expect(of('bodies:sqare')).rejects.toMatchObject(
      refusal('HostMismatch', 'no body "bodies:sqare" (did you mean "bodies:square"?)'),
    );
    await expect(of('nowhere:x')).rejects.toThrow(/nowhere/);
  });

  test('inputs that the body does not take are said before the worker polls, also of elements of a map', async () => {
    const selvage = await connectSelvage();
    const square = pythonKnot<{ y: number }, number>('bodies:square', { host: pythonHost });
    const misfits = [
      tapestry('misfit', { parameters: { y: z.number() } }, (_t, { y }) => ({
        z: square({ y }, { id: 'z' }),
      })),
      tapestry('misfit', { parameters: { ys: z.array(z.number()) } }, (_t, { ys }) => ({
        z: map({ over: ys, each: square, bind: 'y' }, { id: 'z' }),
      })),
    ];
    for (const misfit of misfits)
      await expect(startWorker(selvage, { tapestries: [misfit] })).rejects.toMatchObject(
        refusal('HostMismatch', 'it takes "x" there, and is given "y" here'),
      );
  });
});
