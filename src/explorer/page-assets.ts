import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SelvageError } from '../errors';

/** Folders of the page: beside the compiled file or, when run from sources, in the output of `npm run build`. */
const FOLDERS = [path.join(__dirname, 'page-files'), path.join(__dirname, '../../lib/explorer/page-files')];

/**
 * The folder with the built page: `app.js` (a module), `app.css` and the chunks of `app.js`. The surrounding HTML has
 * `<div id="page">` and, if mounted below a path, `<meta name="selvage-base" content="/path/">`. A standalone file has
 * its document, gzip in base64, in `<script id="selvage-document" type="application/octet-stream">`.
 */
export function pageFolder(): string {
  const folder = FOLDERS.find((one) => existsSync(path.join(one, 'app.js')));
  if (folder !== undefined) return folder;
  throw new SelvageError(
    'PackageIncomplete',
    `The files of the page are not in ${FOLDERS[0]}. Install the package again or, of the sources, run \`npm run build\`.`,
    { details: { folder: FOLDERS[0]! } },
  );
}

/** `file.js` and `file.css` are the standalone build in one piece; `app.js` loads parts on demand. */
export function pageText(name: 'app.js' | 'app.css' | 'file.js' | 'file.css'): string {
  return readFileSync(path.join(pageFolder(), name), 'utf8');
}
