'use strict';
/**
 * `npm run api`: compares what each subpath of the package exports with its report in `etc/`, so that a change of the public surface is
 * a decision that a reviewer sees. `npm run api -- --write` writes the reports anew. Reads the types in `lib`: build first.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { CompilerState, Extractor, ExtractorConfig } = require('@microsoft/api-extractor');
const { fail, root } = require('./bootstrap');

const REPORT = '.api.md';
const silent = { default: { logLevel: 'none' } };

/** Subpath -> its file of types. `.` is called `index`. */
function publicEntries() {
  const { exports } = require('../package.json');
  return new Map(
    Object.entries(exports)
      .filter(([, target]) => target.types !== undefined)
      .map(([name, target]) => [name === '.' ? 'index' : name.slice(2), path.join(root, target.types)]),
  );
}

/** What the library is told of one entry. The report is written to `folder`. */
function configOf(name, entries, folder) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: path.join(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: entries.get(name),
      compiler: {
        overrideTsconfig: { extends: './tsconfig.build.json', files: [...entries.values()], include: [] },
      },
      apiReport: {
        enabled: true,
        // Options are inherited from interfaces that no subpath exports.
        includeForgottenExports: true,
        reportFileName: `${name}${REPORT}`,
        reportFolder: folder,
        reportTempFolder: path.join(folder, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: silent,
        tsdocMessageReporting: silent,
        extractorMessageReporting: silent,
      },
    },
  });
}

/** Writes the reports of these entries to `folder`. One program of the compiler serves all of them. */
function writeReports(entries, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const configs = [...entries.keys()].map((name) => configOf(name, entries, folder));
  const compilerState = CompilerState.create(configs[0], { additionalEntryPoints: [...entries.values()] });
  for (const config of configs) {
    const messageCallback = (message) => (message.handled = true);
    const { errorCount } = Extractor.invoke(config, { localBuild: true, compilerState, messageCallback });
    if (errorCount > 0) fail(`${config.mainEntryPointFilePath} cannot be read: build first`);
  }
  fs.rmSync(path.join(folder, 'temp'), { recursive: true, force: true });
}

const reportsIn = (folder) => fs.readdirSync(folder).filter((name) => name.endsWith(REPORT));
const orNothing = (file) => (fs.existsSync(file) ? file : os.devNull);

/** Calls `use` with a folder of fresh reports, and removes it. */
function withReports(entries, use) {
  const fresh = fs.mkdtempSync(path.join(os.tmpdir(), 'selvage-api-'));
  try {
    writeReports(entries, fresh);
    return use(fresh);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

/** The reports that differ from those kept in `folder`, each with what has changed. */
function differences(entries, folder) {
  return withReports(entries, (fresh) =>
    [...new Set([...reportsIn(folder), ...reportsIn(fresh)])].flatMap((name) => {
      const files = [path.join(folder, name), path.join(fresh, name)].map(orNothing);
      const { status, stdout } = spawnSync('git', ['diff', '--no-index', '--no-color', '-U0', ...files], {
        encoding: 'utf8',
      });
      const lines = stdout.split('\n').filter((line) => /^(?:-(?!-- )|\+(?!\+\+ ))/.test(line));
      return status === 0 ? [] : [{ name, lines }];
    }),
  );
}

function main() {
  const folder = path.join(root, 'etc');
  const entries = publicEntries();
  if (process.argv.includes('--write')) {
    return withReports(entries, (fresh) => {
      fs.rmSync(folder, { recursive: true, force: true });
      fs.cpSync(fresh, folder, { recursive: true });
    });
  }
  const changed = differences(entries, folder);
  if (changed.length === 0) return;
  for (const { name, lines } of changed) process.stdout.write(`etc/${name}\n${lines.join('\n')}\n\n`);
  fail(
    'the public surface differs from etc/: if that is meant, run "npm run api -- --write" and commit etc/',
  );
}

if (require.main === module) main();
module.exports = { differences, publicEntries, writeReports };
