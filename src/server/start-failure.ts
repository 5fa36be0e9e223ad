import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';

import { SelvageError } from '../errors';
import { portInUse } from './ports';
import { inFolder, type ServerFolder } from './server-folder';
import { logTail } from './server-log';

const DAMAGE = /(file is not a database|database disk image is malformed|no such table: \w+)/;
const NO_SPACE = /(database or disk is full|no space left on device|disk quota exceeded)/i;
const PORT_TAKEN = /listen tcp 127\.0\.0\.1:(\d+): bind: address already in use/;

export function tellsOfDamage(lines: string): boolean {
  return /database disk image is malformed|file is not a database/.test(lines);
}

interface FailedStart {
  readonly binary: string;
  readonly port: number;
  readonly logStart: number;
  /** The reason of the failure, such as “it exited with code 1”. */
  readonly reason: string;
}

/** Finds the cause in the server's output. */
export function startFailure(
  folder: ServerFolder,
  { binary, port, logStart, reason }: FailedStart,
): SelvageError {
  const tail = logTail(folder.log, logStart);
  const taken = PORT_TAKEN.exec(tail);
  if (taken) return portInUse(Number(taken[1]));
  const damage = DAMAGE.exec(tail);
  if (damage) return databaseDamaged(folder.database, damage[1]!);
  if (NO_SPACE.test(tail) || !hasSpace(folder)) return diskFull(folder);
  return new SelvageError(
    'ServerStartFailed',
    `The embedded Temporal server (${binary}) did not start on 127.0.0.1:${port}: ${reason}. ` +
      (tail === '' ? `It printed nothing to ${folder.log}.` : `The end of its log, ${folder.log}:\n${tail}`),
    { details: { address: `127.0.0.1:${port}`, file: folder.log, binary, reason } },
  );
}

/** The reason why a supervisor ended without a report, which a full disk prevents. */
export function silentEnd(folder: ServerFolder): SelvageError {
  if (!hasSpace(folder)) return diskFull(folder);
  return new SelvageError(
    'ServerStartFailed',
    'The supervisor of the embedded Temporal server ended before the server served. ' +
      `The end of its log, ${folder.log}:\n${logTail(folder.log)}`,
    { details: { file: folder.log } },
  );
}

export function databaseDamaged(file: string, reason: string): SelvageError {
  return new SelvageError(
    'DatabaseDamaged',
    `Temporal's database ${file} is damaged: ${reason}. It was left as it is. \`selvage doctor --repair\` moves it away and marks its runs in flight as ` +
      'terminated, so that `selvage resume` can go on with them; or put a copy of it back.',
    { details: { file, reason } },
  );
}

function diskFull(folder: ServerFolder): SelvageError {
  return new SelvageError(
    'DiskFull',
    `The embedded Temporal server did not start, because there is no space left in ${folder.root}. Free some and try again.`,
    { details: { file: folder.root } },
  );
}

/** Whether the disk has space: a full disk also swallows the server's message about it. */
function hasSpace(folder: ServerFolder): boolean {
  const file = `${folder.root}/space-${randomUUID()}`;
  try {
    inFolder(file, () => writeFileSync(file, Buffer.alloc(64 * 1024)));
    return true;
  } catch (error) {
    return !SelvageError.is(error, 'DiskFull');
  } finally {
    rmSync(file, { force: true });
  }
}
