'use strict';
const { createHash, createHmac } = require('node:crypto');
const http = require('node:http');

const REGION = 'us-east-1';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** One request to an S3 server, signed by AWS's version 4. Resolves to the status; 0 where there was no answer in time. */
function signedRequest(method, url, { accessKey, secretKey }, body, limitMs) {
  const { host, pathname } = new URL(url);
  const now = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${now.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const headers = { host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': now };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = [method, pathname, '', lines.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const key = scope.split('/').reduce((derived, part) => hmac(derived, part), `AWS4${secretKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', now, scope, sha256(request)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return send(
    method,
    url,
    { ...headers, authorization, 'content-length': Buffer.byteLength(body) },
    body,
    limitMs,
  );
}

function send(method, url, headers, body, limitMs) {
  return new Promise((resolve) => {
    const request = http.request(url, { method, headers, agent: false, timeout: limitMs }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode)).once('error', () => resolve(0));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(0));
    request.end(body);
  });
}

module.exports = { signedRequest };
