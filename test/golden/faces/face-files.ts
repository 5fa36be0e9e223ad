import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a face is: help texts, the command line, the page's HTTP API, the tools for models. */
export type Face = 'help' | 'cli' | 'http' | 'mcp';

const RECORD = "npx tsx scripts/record-golden.ts 'golden/.*/faces'";
/** Set by scripts/record-golden.ts: the folder of the other golden files, beside which these are written. */
const recorded = process.env['SELVAGE_RECORD_GOLDEN'];
const folder = recorded === undefined ? __dirname : path.resolve(recorded, '../faces');

const folderOf = (face: Face): string => path.join(folder, face);

/** `runs show` has the file `runs-show.txt`. */
const fileOf = (face: Face, name: string): string =>
  path.join(folderOf(face), `${name.replace(/ -{0,2}/g, '-')}.txt`);

/** Compares what a face shows with what is recorded of it; or records it. */
export function expectFace(face: Face, name: string, shown: string): void {
  const file = fileOf(face, name);
  const text = `${shown.trimEnd()}\n`;
  if (recorded !== undefined) {
    mkdirSync(folderOf(face), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  if (!existsSync(file)) throw new Error(`${file} is missing. Record it: ${RECORD}`);
  const before = readFileSync(file, 'utf8');
  if (before === text) return;
  // Jest shows the lines that differ, and this as the first of them.
  const advice = `Where the change is meant, say so in CHANGELOG.md, build, and record it: ${RECORD}`;
  expect(`${advice}\n${text}`).toBe(before);
}

/** Tells an answer from a refusal. */
const ANSWERED = { help: /^Usage:/m, cli: /^exit code [01]$/m, http: /^status 200,/m, mcp: /^an answer$/m };

/** Those of whom nothing but refusals is recorded: whatever is asked, it guards no answer. */
export function refusedAlone(face: Face, names: readonly string[]): string[] {
  return names.filter((name) => !ANSWERED[face].test(readFileSync(fileOf(face, name), 'utf8')));
}

/** Compares the names of the files of a face with those of what it has; when recording, removes the others. */
export function expectNames(face: Face, names: readonly string[]): void {
  const wanted = names.map((name) => path.basename(fileOf(face, name))).sort();
  const found = existsSync(folderOf(face)) ? readdirSync(folderOf(face)).sort() : [];
  if (recorded === undefined) return expect(found).toEqual(wanted);
  for (const name of found) if (!wanted.includes(name)) rmSync(path.join(folderOf(face), name));
}
