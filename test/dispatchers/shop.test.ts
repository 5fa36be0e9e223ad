import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeProject, removeProjects } from '../integration/server/projects';
import { runCommand } from '../support/command-line';
import { closeAll, onClose } from '../support/open-selvage';
import { freshPostgresDatabase } from '../support/fresh-places';
import { clusterPython, describeWithClusters } from '../support/python-environment';

const folder = path.resolve(__dirname, '../../examples/shop');

afterAll(async () => {
  await closeAll();
  await removeProjects();
});

interface Records {
  items: { cachedFromRun?: string }[];
}

describeWithClusters()('examples/shop', () => {
  test('a changed column runs again only what reads it, for the day that has it', async () => {
    const project = makeProject();
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    const orders = path.join(project, 'orders');
    const env = { SHOP_ORDERS: orders, SHOP_DATABASE: url, SELVAGE_PYTHON: clusterPython() };
    const tsx = require.resolve('tsx/cjs');
    execFileSync(process.execPath, ['--require', tsx, path.join(folder, 'seed.ts')], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    const pipeline = path.join(folder, 'pipeline.ts');
    const days = ['--from', '2026-11-01', '--to', '2026-11-02', '--state', 'all'];
    /** Makes both days, and answers how many values of each knot were made and not reused. */
    const fill = async (): Promise<number[]> => {
      const { code, stdout, stderr } = await runCommand(project, ['backfill', pipeline, ...days], env);
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      const made = ['sales', 'judged', 'summary'].map(async (knot) => {
        const newest = await runCommand(project, ['lineage', '--knot', knot, '--limit', '2', '--json']);
        const { items } = JSON.parse(newest.stdout) as Records;
        return items.filter(({ cachedFromRun }) => !cachedFromRun).length;
      });
      return await Promise.all(made);
    };
    const edit = (day: string, change: (text: string) => string): void => {
      const file = path.join(orders, `${day}.csv`);
      writeFileSync(file, change(readFileSync(file, 'utf8')));
    };

    expect(await fill()).toEqual([2, 2, 2]);
    // Nothing reads the notes.
    edit('2026-11-01', (text) => text.replaceAll('a gift', 'wrapped'));
    expect(await fill()).toEqual([0, 0, 0]);
    edit('2026-11-02', (text) => text.replace(/,(\d+),[\d.]+,/, ',$1,0.05,'));
    expect(await fill()).toEqual([1, 1, 1]);
  });
});
