import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { EmbeddedServer, inspectEmbeddedServer, withServerAtRest } from '../../../src/server';

test('the server of an unreleased build is refused, by name, and nothing is made beside it', async () => {
  const projectDir = mkdtempSync(path.join(tmpdir(), 'selvage-unreleased-'));
  const old = path.join(projectDir, '.selvage', 'server');
  mkdirSync(old, { recursive: true });
  const refusal = {
    code: 'UnreleasedData',
    message: expect.stringContaining(`${old} was made by an unreleased build of Selvage`),
  };
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject(refusal);
  await expect(withServerAtRest(projectDir, 'now', async () => 'repaired')).rejects.toMatchObject(refusal);
  expect(() => inspectEmbeddedServer(projectDir)).toThrow(expect.objectContaining(refusal));
  expect(readdirSync(path.dirname(old))).toEqual(['server']);
  rmSync(projectDir, { recursive: true });
});
