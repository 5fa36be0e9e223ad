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
import type { Finding } from './finding';
import { examineServer } from './examine-server';
import { examineRuns } from './examine-runs';
import { examineBackends, examineEncryption, examineHistory, examineValues } from './examine-backends';

const SDK_PACKAGES = ['activity', 'client', 'common', 'plugin', 'proto', 'worker', 'workflow'] as const;
const OLDEST_NODE = [20, 3] as const;

export async function examine(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  // Once: each server that does not answer costs time.
  const backends = inspectBackends({ projectDir });
  // Callers that await it get the error.
  backends.catch(() => undefined);
  const findings = [
    examineNode(process.versions.node),
    {
      subject: 'Selvage',
      status: 'ok' as const,
      message: `${VERSION} in ${path.resolve(__dirname, '../../..')}`,
    },
    ...(await examineSdk()),
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
  if (output.json) output.document({ ok: isWell, projectDir, findings });
  else output.say(describe(findings, isWell, output));
  return isWell ? EXIT.ok : EXIT.runFailed;
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isRecent
    ? { subject: 'Node', status: 'ok', message: version }
    : {
        subject: 'Node',
        status: 'error',
        message: version,
        fix: `Install Node ${OLDEST_NODE.join('.')} or newer.`,
      };
}

async function examineSdk(): Promise<Finding[]> {
  const versions = new Map<string, string[]>();
  const absent: string[] = [];
  for (const name of SDK_PACKAGES) {
    const version = installedVersion(`@temporalio/${name}`);
    if (version === undefined) absent.push(`@temporalio/${name}`);
    else versions.set(version, [...(versions.get(version) ?? []), name]);
  }
  const subject = 'Temporal SDK';
  if (absent.length > 0) {
    return [
      {
        subject,
        status: 'error',
        message: `without ${absent.join(', ')}`,
        fix: `npm install ${absent.join(' ')}`,
      },
    ];
  }
  const found = [...versions].map(([version, names]) =>
    versions.size === 1 ? version : `${version} (${names.join(', ')})`,
  );
  if (versions.size > 1) {
    return [
      {
        subject,
        status: 'error',
        message: found.join('; '),
        fix: 'Give all @temporalio packages one version.',
      },
    ];
  }
  try {
    (await import('../../worker/single-sdk.js')).requireSingleSdk();
    return [{ subject, status: 'ok', message: `${found.join()}, one copy` }];
  } catch (error) {
    return [{ subject, status: 'error', message: (error as Error).message }];
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
  const subject = 'Workflow bundle';
  const { interpreterSource } = await import('../../worker/workflow-bundle.js');
  return interpreterSource().workflowBundle
    ? { subject, status: 'ok', message: 'prebuilt for this SDK' }
    : {
        subject,
        status: 'warning',
        message: 'none for this version of the SDK: workers take some seconds longer to start',
        fix: 'Install the version of @temporalio/worker that this version of Selvage was built with.',
      };
}

async function examineThreads(): Promise<Finding[]> {
  const { canShareThreads } = await import('../../worker/shared-threads.js');
  if (canShareThreads()) return [];
  return [
    {
      subject: 'Workflow threads',
      status: 'warning',
      message: 'this version of the SDK gives each task queue a thread of its own, which takes about 45 MB',
      fix: 'Give tapestries that one process runs the same `taskQueue`, or install the version of @temporalio/worker that Selvage was built with.',
    },
  ];
}

/** Whether other users of the machine can read the project's data. */
function examinePrivacy(projectDir: string): Finding[] {
  const subject = 'Private';
  if (!isProject(projectDir)) return [];
  const risk = openToOthers(projectDir);
  if (risk !== undefined) return [{ subject, status: 'warning', message: risk }];
  const message =
    process.platform === 'win32'
      ? 'whoever Windows lets into the folder reads values: keep projects below your own user folder'
      : 'other users of this machine may not look into .selvage';
  return [{ subject, status: 'ok', message }];
}

/** Whether the databases' pages are intact, as far as a few seconds tell. */
async function examineFiles(projectDir: string): Promise<Finding[]> {
  const subject = 'Database files';
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
          return { subject, status: 'ok', message: `${file}: sound` };
        case 'unfinished':
          return { subject, status: 'warning', message: `${file}: not looked at to its end (${found})` };
        case 'damaged':
          return {
            subject,
            status: 'error',
            message: `${file} is damaged: ${found}`,
            fix: 'End what uses it, then run `selvage doctor --repair`: it keeps the file, and what can be read of records and values.',
          };
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
