import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeBodyHost } from '../../../src/testing';
import { buildGoHost, lacksGo } from '../../support/go-program';

const folder = mkdtempSync(path.join(tmpdir(), 'selvage-go-'));
const program = path.join(folder, 'body-host-go');

beforeAll(() => {
  if (!lacksGo) buildGoHost(folder, 'suite');
});
afterAll(() => rmSync(folder, { recursive: true }));

if (lacksGo) test.skip(`the body host in Go (skipped: ${lacksGo})`, () => {});
else
  describeBodyHost('Go', {
    command: [program],
    skip: [
      {
        test: 'tells why a module cannot be loaded, and goes on',
        reason: 'its bodies are part of the program',
      },
    ],
  });
