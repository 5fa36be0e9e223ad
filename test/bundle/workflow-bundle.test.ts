import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

const SOURCES = join(__dirname, '../../src');

/** Bundles as the SDK does for a worker; it throws for what the sandbox does not have. */
async function bundle(workflowsPath: string): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR', () => {}) });
  return code;
}

test('the interpreter bundles for the sandbox, without schemas or databases', async () => {
  const code = await bundle(join(SOURCES, 'workflows/index.ts'));
  for (const library of ['node_modules/zod/', 'node_modules/kysely/', 'node_modules/libsql/']) {
    expect(code).not.toContain(library);
  }
});

test.each(['errors', 'values', 'partitions', 'authoring', 'plan', 'scheduler'])(
  'the pure folder %s knows nothing that the sandbox does not have',
  async (folder) => {
    await expect(bundle(join(SOURCES, folder, 'index.ts'))).resolves.toContain('src/');
  },
);

test('the check would notice a module of Node', async () => {
  const folder = mkdtempSync(join(__dirname, 'impure-'));
  try {
    const file = join(folder, 'impure.ts');
    writeFileSync(file, "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n");
    await expect(bundle(file)).rejects.toThrow(/finished with errors/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
