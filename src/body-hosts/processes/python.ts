import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CeleryHost, DaskHost, PythonHost, RayHost } from '../../authoring/dispatchers';
import { hostName } from '../../authoring/body-host';
import type { StartedHost } from '../host-pool';
import { startProcess } from './process-host';

const PACKAGE = path.join(__dirname, '..', '..', '..', 'python', 'src');

const TITLES = { python: 'Python', dask: 'Dask', ray: 'Ray', celery: 'Celery' };

/** An older Python could not read the package, so code for every Python checks the version first. */
const BEGIN = [
  'import sys',
  "if sys.version_info < (3, 11): sys.exit('Python ' + sys.version.split()[0] + ' is too old: bodies need 3.11 or later')",
  'import runpy',
  "runpy.run_module('selvage', run_name='__main__', alter_sys=True)",
].join('\n');

/**
 * Starts a Python process that calls bodies, or hands them to a cluster. @param file from which the tapestries were
 * loaded
 */
export function startPython(
  host: PythonHost | DaskHost | RayHost | CeleryHost,
  said: (line: string) => void,
  file?: string,
): StartedHost {
  const near = file === undefined ? [] : [path.dirname(file)];
  const interpreter = interpreterOf(host, process.env, [...near, process.cwd()]);
  const folders = [...(host.path ?? []), process.cwd(), PACKAGE];
  const { PYTHONPATH } = process.env;
  return startProcess({
    name: `${TITLES[host.kind]}${hostName(host) === host.kind ? '' : ` "${hostName(host)}"`} ${interpreter}`,
    remedy: `Install Python 3.11 or later, or name its interpreter: ${host.kind}({ interpreter }), or SELVAGE_PYTHON`,
    command: [interpreter, '-c', BEGIN, 'host', ...(host.kind === 'python' ? [] : ['--cluster', host.kind])],
    env: {
      // Addresses may have passwords, which a command line would show to everybody.
      ...(host.kind !== 'python' && { SELVAGE_CLUSTER_OPTIONS: JSON.stringify(host) }),
      PYTHONPATH: [...folders, ...(PYTHONPATH ? [PYTHONPATH] : [])].join(path.delimiter),
      PYTHONUNBUFFERED: '1',
    },
    said,
  });
}

/**
 * The interpreter: the option, `SELVAGE_PYTHON`, an active virtual environment, a `.venv`, or the system's.
 *
 * @param starts folders to search for a `.venv`, each up to its project's folder
 */
export function interpreterOf(
  { interpreter }: Pick<PythonHost, 'interpreter'>,
  environment: Readonly<Record<string, string | undefined>>,
  starts: readonly string[],
): string {
  const { SELVAGE_PYTHON, VIRTUAL_ENV } = environment;
  const inside = (folder: string): string =>
    process.platform === 'win32'
      ? path.join(folder, 'Scripts', 'python.exe')
      : path.join(folder, 'bin', 'python');
  const local = (): string | undefined =>
    starts
      .flatMap(foldersOfProject)
      .map((folder) => inside(path.join(folder, '.venv')))
      .find((program) => existsSync(program));
  return interpreter ?? SELVAGE_PYTHON ?? (VIRTUAL_ENV ? inside(VIRTUAL_ENV) : (local() ?? 'python3'));
}

/** Folders from `start` up to the first with a `package.json` or a `.git`. If no such folder exists, only `start`. */
function foldersOfProject(start: string): string[] {
  const folders: string[] = [];
  for (let folder = start; ; folder = path.dirname(folder)) {
    folders.push(folder);
    const isRoot = ['package.json', '.git'].some((name) => existsSync(path.join(folder, name)));
    if (isRoot) return folders;
    if (folder === path.dirname(folder)) return [start];
  }
}
