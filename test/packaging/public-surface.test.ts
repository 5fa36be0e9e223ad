import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The script is plain JavaScript, which brings no types. */
const { differences, publicEntries, writeReports } = jest.requireActual<{
  publicEntries(): Map<string, string>;
  writeReports(entries: Map<string, string>, folder: string): void;
  differences(entries: Map<string, string>, folder: string): { name: string; lines: string[] }[];
}>('../../scripts/api-reports');

describe('the reports of the public surface', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-reports-'));
  const entries = new Map([['errors', publicEntries().get('errors')!]]);
  beforeAll(() => writeReports(entries, folder));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are accepted while the surface is as it was', () => {
    expect(differences(entries, folder)).toEqual([]);
  });

  test('name what is exported anew, what is gone, and a subpath that has no report or no entry', () => {
    const report = path.join(folder, 'errors.api.md');
    const text = readFileSync(report, 'utf8');
    const declaration = 'export class SelvageError';
    expect(text).toContain(declaration);
    writeFileSync(report, text.replace(declaration, 'export class OldError'));
    writeFileSync(path.join(folder, 'gone.api.md'), 'export const gone: 1;');
    const [changed, gone] = differences(entries, folder).sort((a, b) => a.name.localeCompare(b.name));
    expect(changed!.name).toBe('errors.api.md');
    expect(changed!.lines).toEqual([
      expect.stringContaining('-export class OldError'),
      expect.stringContaining(`+${declaration}`),
    ]);
    expect(gone).toMatchObject({ name: 'gone.api.md', lines: ['-export const gone: 1;'] });
    rmSync(report);
    expect(differences(entries, folder).map(({ name }) => name)).toContain('errors.api.md');
  });
});
