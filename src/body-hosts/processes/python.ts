import { existsSync } from 'node:fs';
import path from 'node:path';
import type { PythonHost } from '../../authoring/records';
import { hostName } from '../../authoring/body-host';
import type { StartedHost } from '../host-pool';
import { startProcess } from './process-host';

/** The Python package that comes with this one. */
const PACKAGE = path.join(__dirname, '..', '..', '..', 'python', 'src');

/** An older Python could not even read the package, so its version is looked at first, in words that every Python reads. */
const BEGIN = [
  'import sys',
  "if sys.version_info < (3, 11): sys.exit('Python ' + sys.version.split()[0] + ' is too old: bodies need 3.11 or later')",
  'import runpy',
  "runpy.run_module('selvage', run_name='__main__', alter_sys=True)",
].join('\n');

/** Starts a process of Python that calls bodies. */
export function startPython(host: PythonHost, said: (line: string) => void): StartedHost {
  const interpreter = interpreterOf(host, process.env, process.cwd());
  const folders = [...(host.path ?? []), process.cwd(), PACKAGE];
  const { PYTHONPATH } = process.env;
  return startProcess({
    name: `Python${hostName(host) === 'python' ? '' : ` "${hostName(host)}"`} ${interpreter}`,
    remedy:
      'Install Python 3.11 or later, or name its interpreter: python({ interpreter }), or SELVAGE_PYTHON',
    command: [interpreter, '-c', BEGIN, 'host'],
    env: {
      PYTHONPATH: [...folders, ...(PYTHONPATH ? [PYTHONPATH] : [])].join(path.delimiter),
      PYTHONUNBUFFERED: '1',
    },
    said,
  });
}

/** The interpreter: as the option says, `SELVAGE_PYTHON`, that of an active or a local virtual environment, or the one of the system. */
export function interpreterOf(
  { interpreter }: Pick<PythonHost, 'interpreter'>,
  environment: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  const { SELVAGE_PYTHON, VIRTUAL_ENV } = environment;
  const inside = (folder: string): string =>
    process.platform === 'win32'
      ? path.join(folder, 'Scripts', 'python.exe')
      : path.join(folder, 'bin', 'python');
  const local = inside(path.join(cwd, '.venv'));
  return (
    interpreter ??
    SELVAGE_PYTHON ??
    (VIRTUAL_ENV ? inside(VIRTUAL_ENV) : existsSync(local) ? local : 'python3')
  );
}
