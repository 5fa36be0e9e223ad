import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFile } from '../../support/doc-snippets';
import { InstalledProgram } from '../../support/installed-program';
import { temporaryFolder } from '../../support/open-selvage';

const hadolint = new InstalledProgram(['program.js', 'hadolint']);
const kubernetesValidate = new InstalledProgram(['program.js', 'kubernetes-validate']);

/** What a program says against a text; empty if nothing. */
async function complaints(
  program: string,
  options: readonly string[],
  text: string,
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  const file = path.join(await temporaryFolder(), 'tested');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(program, [...options, file], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return status === 0 ? '' : `${stdout}${stderr}` || `It ended with ${status}.`;
}

kubernetesValidate.describe()('kubernetes-validate', () => {
  const manifests = readFile('docs/operations/kubernetes.yaml');
  const check = (text: string): Promise<string> =>
    complaints(kubernetesValidate.path, ['--strict', '--quiet'], text, {
      PYTHONPATH: path.resolve(kubernetesValidate.path, '../..'),
    });

  test('takes the manifests', async () => {
    expect(await check(manifests)).toBe('');
  });

  test.each([
    ['livenessProbe:', 'livenessprobe:', "'livenessprobe' was unexpected"],
    ['minReplicas: 2', 'minReplicas: two', "'two' is not of type 'integer'"],
    ['secretName: shop-tls', 'secret: shop-tls', "'secret' was unexpected"],
  ])('finds a mistake: %s as %s', async (right, wrong, complaint) => {
    expect(manifests).toContain(right);
    expect(await check(manifests.replace(right, wrong))).toContain(complaint);
  });
});

hadolint.describe()('hadolint', () => {
  const file = readFile('docs/operations/Containerfile');
  const check = (text: string): Promise<string> => complaints(hadolint.path, [], text);

  test('takes the Containerfile', async () => {
    expect(await check(file)).toBe('');
  });

  test('finds a base image that is any, and a last user who is root', async () => {
    expect(await check(file.replace('FROM ${NODE}\n', 'FROM docker.io/library/node\n'))).toContain('DL3006');
    expect(await check(file.replace('USER 1000:1000', 'USER root'))).toContain('DL3002');
  });
});
