import path from 'node:path';
import { makeProject, removeProjects } from '../integration/server/projects';
import { runCommand } from '../support/command-line';
import { clusterPython, describeWithClusters } from '../support/python-environment';

const folder = path.resolve(__dirname, '../../examples/python-model');

let project: string;
beforeAll(() => {
  project = makeProject();
});
afterAll(removeProjects);

interface RunDocument {
  values: Record<string, unknown>;
  outcomes: Record<string, { kind: string; error?: { type: string; message: string } }>;
  counts: Record<string, number>;
}

async function run(
  ...params: string[]
): Promise<{ code: number | null; document: RunDocument; said: string }> {
  const args = params.flatMap((param) => ['--param', param]);
  const { code, stdout, stderr } = await runCommand(
    project,
    ['run', path.join(folder, 'pipeline.ts'), ...args, '--json'],
    { SELVAGE_PYTHON: clusterPython() },
  );
  return { code, document: JSON.parse(stdout) as RunDocument, said: stderr };
}

/* The numbers depend on the version of scikit-learn; what they must amount to does not. */
describeWithClusters()('examples/python-model', () => {
  test('features made in threads, a model trained and scored in Python', async () => {
    const { code, document, said } = await run('shuffles=500');
    expect(code).toBe(0);
    expect(document.counts).toEqual({ ok: 18, err: 0, skipped: 0 });
    const { columns, best, score } = document.values as {
      columns: string[];
      best: { accuracy: number };
      score: { accuracy: number; confusion: number[][] };
    };
    expect(columns).toHaveLength(8);
    expect(columns).toContain('alcalinity_of_ash per flavanoids');
    expect(best.accuracy).toBeGreaterThan(0.9);
    expect(score.accuracy).toBeGreaterThan(0.85);
    // 44 wines were kept from all that learned.
    expect(score.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(44);
    expect(said).toMatch(/trials\[\d\]: 80 trees of depth 8: 0\.9/);
  });

  test('what scikit-learn refuses is the error of that knot, and what needs it is skipped', async () => {
    // Nothing separates so few shuffles from chance, so that the model gets no columns.
    const { code, document } = await run('shuffles=5');
    expect(code).toBe(1);
    expect(document.values).toEqual({ columns: [] });
    expect(document.outcomes).toMatchObject({
      trials: { kind: 'err', error: { type: 'MapElements' } },
      score: { kind: 'skipped' },
    });
  });
});
