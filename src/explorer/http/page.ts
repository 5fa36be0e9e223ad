import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { acceptsGzip, HEADERS } from '../../http/answers';
import { pageFolder } from '../page-assets';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly tag: string;
  /** Whether the file's name contains a hash of its content. */
  readonly isFixed: boolean;
}

/** Files of the built page by name, read at the first request. */
export class PageFiles {
  #assets: ReadonlyMap<string, Asset> | undefined;

  /** @throws SelvageError `PackageIncomplete` */
  respond(name: string, request: Request): Response | undefined {
    const asset = (this.#assets ??= readAssets()).get(name);
    if (!asset) return undefined;
    const headers = {
      ...HEADERS,
      'content-type': asset.type,
      etag: asset.tag,
      vary: 'accept-encoding',
      'cache-control': asset.isFixed ? 'public, max-age=31536000, immutable' : 'no-cache',
    };
    if (request.headers.get('if-none-match') === asset.tag)
      return new Response(null, { status: 304, headers });
    return acceptsGzip(request)
      ? new Response(asset.zipped, { headers: { ...headers, 'content-encoding': 'gzip' } })
      : new Response(asset.body, { headers });
  }
}

function readAssets(): ReadonlyMap<string, Asset> {
  const folder = pageFolder();
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.flatMap(({ name }): [string, Asset][] => {
      const type = TYPES[path.extname(name)];
      if (type === undefined) return [];
      const body = new Uint8Array(readFileSync(path.join(folder, name)));
      const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
      const isFixed = name.startsWith('chunk-');
      return [
        [
          name,
          { body, zipped: new Uint8Array(gzipSync(body, { level: 9 })), type, tag: `"${digest}"`, isFixed },
        ],
      ];
    }),
  );
}

/** The document, which is the same for every route. */
export function documentOf(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<base href="${escapeAttribute(base)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Selvage</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="app.css">
<script type="module" src="app.js"></script>
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript. <code>selvage runs list</code> shows the same in a terminal.</noscript>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
