import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inspectBackends } from '../../backends';
import { openToOthers } from '../../private-files';
import { isProject, projectFolder } from '../../project-folder';
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

/** `selvage doctor`. */
export async function examine(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  // Inspected once, as each server that does not answer costs time.
  const backends = inspectBackends({ projectDir });
  // Callers that await it get the error.
  backends.catch(() => undefined);
  const findings = [
    examineNode(process.versions.node),
    {
      subject: 'Selvage',
      verdict: 'ok' as const,
      found: `${VERSION} in ${path.resolve(__dirname, '../../..')}`,
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
  const isWell = findings.every(({ verdict }) => verdict !== 'missing');
  if (output.json) output.document({ ok: isWell, projectDir, findings });
  else output.say(describe(findings, isWell, output));
  return isWell ? EXIT.ok : EXIT.runFailed;
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isRecent
    ? { subject: 'Node', verdict: 'ok', found: version }
    : {
        subject: 'Node',
        verdict: 'missing',
        found: version,
        remedy: `Install Node ${OLDEST_NODE.join('.')} or newer.`,
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
        verdict: 'missing',
        found: `without ${absent.join(', ')}`,
        remedy: `npm install ${absent.join(' ')}`,
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
        verdict: 'missing',
        found: found.join('; '),
        remedy: 'Give all @temporalio packages one version.',
      },
    ];
  }
  try {
    (await import('../../worker/single-sdk.js')).requireSingleSdk();
    return [{ subject, verdict: 'ok', found: `${found.join()}, one copy` }];
  } catch (error) {
    return [{ subject, verdict: 'missing', found: (error as Error).message }];
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
    ? { subject, verdict: 'ok', found: 'prebuilt for this SDK' }
    : {
        subject,
        verdict: 'note',
        found: 'none for this version of the SDK: workers take some seconds longer to start',
        remedy: 'Install the version of @temporalio/worker that this version of Selvage was built with.',
      };
}

async function examineThreads(): Promise<Finding[]> {
  const { canShareThreads } = await import('../../worker/shared-threads.js');
  if (canShareThreads()) return [];
  return [
    {
      subject: 'Workflow threads',
      verdict: 'note',
      found: 'this version of the SDK gives each task queue a thread of its own, which takes about 45 MB',
      remedy:
        'Give tapestries that one process runs the same `taskQueue`, or install the version of @temporalio/worker that Selvage was built with.',
    },
  ];
}

/** Whether other users of the machine can read what the project stores. */
function examinePrivacy(projectDir: string): Finding[] {
  const subject = 'Private';
  if (!isProject(projectDir)) return [];
  const risk = openToOthers(projectDir);
  if (risk !== undefined) return [{ subject, verdict: 'note', found: risk }];
  const found =
    process.platform === 'win32'
      ? 'whoever Windows lets into the folder reads values: keep projects below your own user folder'
      : 'other users of this machine may not look into .selvage';
  return [{ subject, verdict: 'ok', found }];
}

/** Whether the pages of the project's databases are intact, as far as some seconds of checking can tell. */
async function examineFiles(projectDir: string): Promise<Finding[]> {
  const subject = 'Database files';
  let files: string[];
  try {
    files = databasesOf(projectDir);
  } catch {
    // Errors in their addresses are reported with the backends.
    return [];
  }
  return await Promise.all(
    files.map(async (file): Promise<Finding> => {
      const { state, found } = await quickCheck(file);
      switch (state) {
        case 'sound':
          return { subject, verdict: 'ok', found: `${file}: sound` };
        case 'unfinished':
          return { subject, verdict: 'note', found: `${file}: not looked at to its end (${found})` };
        case 'damaged':
          return {
            subject,
            verdict: 'missing',
            found: `${file} is damaged: ${found}`,
            remedy:
              'End what uses it, then run `selvage doctor --repair`: it keeps the file, and what can be read of records and values.',
          };
      }
    }),
  );
}

function describe(findings: readonly Finding[], isWell: boolean, output: Output): string {
  const marks = {
    ok: output.green('ok     '),
    note: output.yellow('note   '),
    missing: output.red('missing'),
  };
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, verdict, found, remedy }) => [
    `${marks[verdict]}  ${subject.padEnd(width)}  ${found}`,
    ...(remedy ? [`${' '.repeat(width + 11)}${output.dim(remedy)}`] : []),
  ]);
  return [
    ...lines,
    '',
    isWell ? 'All that is needed is there.' : 'Something that is needed is missing.',
  ].join('\n');
}
