import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { selvage } from '../../src/worker';

const cache = path.join(__dirname, '..', '..', '.cache');
mkdirSync(cache, { recursive: true });
/** Within the repository, so that the packages that it imports are found, and ignored by version control. */
const folder = mkdtempSync(path.join(cache, 'users-'));
afterAll(() => rmSync(folder, { recursive: true }));
const interpreter = JSON.stringify(path.join(__dirname, '..', '..', 'src', 'workflows'));
const logger = new DefaultLogger('ERROR', () => undefined);

async function bundle(source: string, plugins: ReturnType<typeof selvage>[] = []): Promise<{ code: string }> {
  const workflowsPath = path.join(folder, 'workflows.ts');
  writeFileSync(workflowsPath, `export async function own(): Promise<number> {\n  return 1;\n}\n${source}`);
  return await bundleWorkflowCode({ workflowsPath, plugins, logger });
}

const plugin = (): ReturnType<typeof selvage> => selvage({ tapestries: [], encryption: false });
const refusal = {
  code: 'InvalidWorkerOptions',
  message: expect.stringContaining("export { default } from 'selvage/workflows';") as string,
};

test.each([
  ['lack ours', ''],
  ['export all of ours, which leaves out the default', `export * from ${interpreter};\n`],
  [
    'have a default of their own',
    `import ours from ${interpreter};\nexport const other = ours;\nexport default own;\n`,
  ],
])('workflows that %s are refused when the worker is made', async (_, source) => {
  const { code } = await bundle(source);
  expect(() => plugin().configureWorker({ taskQueue: 'q', workflowBundle: { code } })).toThrow(
    expect.objectContaining(refusal) as Error,
  );
  const codePath = path.join(folder, 'bundle.js');
  writeFileSync(codePath, code);
  expect(() => plugin().configureWorker({ taskQueue: 'q', workflowBundle: { codePath } })).toThrow(
    expect.objectContaining(refusal) as Error,
  );
  // A worker with `workflowsPath` makes its bundle in the same way.
  await expect(bundle(source, [plugin()])).rejects.toMatchObject(refusal);
});

test.each([
  ['export ours', `export { default } from ${interpreter};\n`],
  [
    'export ours and need a workflow to be loaded',
    `import { workflowInfo } from '@temporalio/workflow';\nexport { default } from ${interpreter};\nexport const id = workflowInfo().workflowId;\n`,
  ],
])('workflows that %s are taken', async (_, source) => {
  const { code } = await bundle(source, [plugin()]);
  expect(plugin().configureWorker({ taskQueue: 'q', workflowBundle: { code } })).toMatchObject({
    workflowBundle: { code },
  });
});
