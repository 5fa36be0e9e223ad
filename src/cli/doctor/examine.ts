import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inspectBackends } from '../../backends';
import { openToOthers } from '../../node/private-files';
import { isProject, projectFolder } from '../../node/project-folder';
import { quickCheck } from '../../server';
import { VERSION } from '../../version';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { databasesOf } from './repair-project';
import type { ServerOptions } from '../options/server-options';
import { about, type Finding } from './finding';
import { examineServer } from './examine-server';
import {
  examineBackends,
  examineEncryption,
  examineHistory,
  examineRuns,
  examineValues,
} from './examine-backends';

const SDK_PACKAGES = ['activity', 'client', 'common', 'plugin', 'proto', 'worker', 'workflow'] as const;
const OLDEST_NODE = [20, 3] as const;

export async function examine(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  // The backends are inspected only once, since each server that does not answer costs time.
  const backends = inspectBackends({ projectDir });
  // Callers that await `backends` get the error.
  backends.catch(() => undefined);
  const findings = [
    examineNode(process.versions.node),
    about('Selvage').ok(`${VERSION} in ${path.resolve(__dirname, '../../..')}`),
    await examineSdk(),
    await examineBundle(),
    ...(await examineThreads()),
    ...(await examineServer(options, projectDir, output)),
    ...(await examineBackends(backends)),
    ...(await examineEncryption(projectDir, backends)),
    ...(await examineFiles(projectDir)),
    ...examinePrivacy(projectDir),
    ...(await examineValues(projectDir, backends)),
    ...(await examineHistory(projectDir, backends)),
    ...(await examineRuns(projectDir, backends)),
  ];
  const isWell = findings.every(({ status }) => status !== 'error');
  if (!output.json) output.say(describe(findings, isWell, output));
  return output.conclude(isWell ? EXIT.ok : EXIT.runFailed, { ok: isWell, projectDir, findings });
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const { ok, error } = about('Node');
  return isRecent ? ok(version) : error(version, `Install Node ${OLDEST_NODE.join('.')} or newer.`);
}

async function examineSdk(): Promise<Finding> {
  const versions = new Map<string, string[]>();
  const absent: string[] = [];
  for (const name of SDK_PACKAGES) {
    const version = installedVersion(`@temporalio/${name}`);
    if (version === undefined) absent.push(`@temporalio/${name}`);
    else versions.set(version, [...(versions.get(version) ?? []), name]);
  }
  const { ok, error } = about('Temporal SDK');
  if (absent.length > 0) return error(`without ${absent.join(', ')}`, `npm install ${absent.join(' ')}`);
  const found = [...versions].map(([version, names]) =>
    versions.size === 1 ? version : `${version} (${names.join(', ')})`,
  );
  if (versions.size > 1) return error(found.join('; '), 'Give all @temporalio packages one version.');
  try {
    (await import('../../worker/single-sdk.js')).requireSingleSdk();
    return ok(`${found.join()}, one copy`);
  } catch (several) {
    return error((several as Error).message);
  }
}

function installedVersion(name: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string })
      .version;
  } catch {
    return undefined;
  }
}

async function examineBundle(): Promise<Finding> {
  const { ok, warning } = about('Workflow bundle');
  const { interpreterSource } = await import('../../worker/workflow-bundle.js');
  return interpreterSource().workflowBundle
    ? ok('prebuilt for this SDK')
    : warning(
        'none for this version of the SDK: workers take some seconds longer to start',
        'Install the version of @temporalio/worker that this version of Selvage was built with.',
      );
}

async function examineThreads(): Promise<Finding[]> {
  const { canShareThreads } = await import('../../worker/shared-threads.js');
  if (canShareThreads()) return [];
  return [
    about('Workflow threads').warning(
      'this version of the SDK gives each task queue a thread of its own, which takes about 45 MB',
      'Give tapestries that one process runs the same `taskQueue`, or install the version of @temporalio/worker that Selvage was built with.',
    ),
  ];
}

/** Finds whether other users of the machine can read the project's data. */
function examinePrivacy(projectDir: string): Finding[] {
  const { ok, warning } = about('Private');
  if (!isProject(projectDir)) return [];
  const risk = openToOthers(projectDir);
  if (risk !== undefined) return [warning(risk)];
  const message =
    process.platform === 'win32'
      ? 'whoever Windows lets into the folder reads values: keep projects below your own user folder'
      : 'other users of this machine may not look into .selvage';
  return [ok(message)];
}

/** Checks whether the databases' pages are intact, as far as a few seconds tell. */
async function examineFiles(projectDir: string): Promise<Finding[]> {
  const { ok, warning, error } = about('Database files');
  let files: string[];
  try {
    files = databasesOf(projectDir);
  } catch {
    // `examineBackends` reports wrong addresses.
    return [];
  }
  return await Promise.all(
    files.map(async (file): Promise<Finding> => {
      const { state, found } = await quickCheck(file);
      switch (state) {
        case 'sound':
          return ok(`${file}: sound`);
        case 'unfinished':
          return warning(`${file}: not looked at to its end (${found})`);
        case 'damaged':
          return error(
            `${file} is damaged: ${found}`,
            'End what uses it, then run `selvage doctor --repair`: it keeps the file, and what can be read of records and values.',
          );
      }
    }),
  );
}

function describe(findings: readonly Finding[], isWell: boolean, output: Output): string {
  const marks = {
    ok: output.green('ok     '),
    warning: output.yellow('warning'),
    error: output.red('error  '),
  };
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, status, message, fix }) => [
    `${marks[status]}  ${subject.padEnd(width)}  ${message}`,
    ...(fix ? [`${' '.repeat(width + 11)}${output.dim(fix)}`] : []),
  ]);
  return [
    ...lines,
    '',
    isWell ? 'All that is needed is there.' : 'Something that is needed is missing.',
  ].join('\n');
}
