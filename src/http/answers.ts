import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** The page's policy permits nothing foreign and nothing inline; pictures of values are `data:` URLs in answers. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data: blob:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

export const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

const LEAST_ZIPPED = 1_024;
const ZIP_LEVEL = 4;

export function acceptsGzip(request: Request): boolean {
  return /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
}

const zip = promisify(gzip);

export async function jsonAnswer(
  request: Request,
  text: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = {
    ...HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    vary: 'accept-encoding, authorization, cookie',
    ...more,
  };
  if (text.length < LEAST_ZIPPED || !acceptsGzip(request)) return new Response(text, { headers });
  const zipped = new Uint8Array(await zip(text, { level: ZIP_LEVEL }));
  return new Response(zipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
}
