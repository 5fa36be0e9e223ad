import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { EmbeddedServer, inspectEmbeddedServer, withServerAtRest } from '../../../src/server';
import { refusal } from '../../support/refusal';

test('the server of an unreleased build is refused, by name, and nothing is made beside it', async () => {
  const projectDir = mkdtempSync(path.join(tmpdir(), 'selvage-unreleased-'));
  const old = path.join(projectDir, '.selvage', 'server');
  mkdirSync(old, { recursive: true });
  const refused = refusal('UnreleasedData', `${old} was made by an unreleased build of Selvage`);
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject(refused);
  await expect(withServerAtRest(projectDir, 'now', async () => 'repaired')).rejects.toMatchObject(refused);
  expect(() => inspectEmbeddedServer(projectDir)).toThrow(expect.objectContaining(refused));
  expect(readdirSync(path.dirname(old))).toEqual(['server']);
  rmSync(projectDir, { recursive: true });
});
