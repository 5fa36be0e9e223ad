'use strict';
/**
 * `npm run build`: src -> lib (JavaScript, types, source maps), then the workflow bundle that is shipped with the
 * package, so that no user has to bundle anything, and the page. Built aside and moved into place: a build that fails leaves the
 * previous lib as it was.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { BUILD_STAMP, fail, hashOfBuildInputs, installIfNeeded, lib, root } = require('./bootstrap');

const next = path.join(root, `lib.building-${process.pid}`);
const previous = `${next}.previous`;

function compile() {
  const tsc = require.resolve('typescript/bin/tsc', { paths: [root] });
  const { status } = spawnSync(
    process.execPath,
    [tsc, '--project', 'tsconfig.build.json', '--outDir', next, '--noEmitOnError'],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('the sources do not compile: see the messages above');
}

/** The page of `selvage ui`: what it loads at first, and chunks that it loads late. `file` is the same page in one piece, for files of HTML. */
async function bundlePage() {
  const { build } = require('esbuild');
  const folder = path.join(root, 'src', 'explorer', 'page');
  const options = {
    outdir: path.join(next, 'explorer', 'page-files'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: path.join(folder, 'tsconfig.json'),
    chunkNames: 'chunk-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
  };
  const main = path.join(folder, 'main.tsx');
  await build({ ...options, entryPoints: { app: main }, splitting: true });
  const worker = path.join(folder, 'graph', 'layout-worker.ts');
  await build({ ...options, entryPoints: { file: main, 'layout-worker': worker } });
}

/** The Parquet reader and writer are ES modules, which `require` does not load on Node 20 or in a user's jest. */
async function bundleParquet() {
  const { build } = require('esbuild');
  const name = path.join('table-files', 'parquet-library');
  await build({
    entryPoints: [path.join(root, 'src', `${name}.ts`)],
    outfile: path.join(next, `${name}.js`),
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // Their licence asks for its text wherever they are.
    banner: { js: ['hyparquet', 'hyparquet-writer'].map(licenceOf).join('\n') },
    logLevel: 'warning',
  });
}

function licenceOf(name) {
  const text = fs.readFileSync(path.join(root, 'node_modules', name, 'LICENSE'), 'utf8');
  return `/*! This file contains ${name}:\n\n${text.replaceAll('*/', '* /')}\n*/`;
}

/** What editors check documents in YAML by. */
function writePipelineSchema() {
  const { pipelineJsonSchema } = require(path.join(next, 'yaml'));
  fs.writeFileSync(
    path.join(next, 'pipeline.schema.json'),
    `${JSON.stringify(pipelineJsonSchema(), undefined, 2)}\n`,
  );
}

/** A bundle fits one exact version of the worker, which is recorded beside it: with another, the worker makes its own. */
async function bundleWorkflows() {
  const workflowsPath = path.join(next, 'workflows', 'index.js');
  const { bundleWorkflowCode } = require('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // No module of the interpreter has a state of its own: all runs of a thread share them.
    preloadModules: [workflowsPath],
    logger: quietLogger(),
  });
  const { version } = require('@temporalio/worker/package.json');
  fs.writeFileSync(path.join(next, 'workflow-bundle.js'), slim(code));
  fs.writeFileSync(path.join(next, 'workflow-bundle.json'), `${JSON.stringify({ sdkVersion: version })}\n`);
}

/**
 * The SDK takes a stack trace for each promise of a workflow, which was a fifth to a third of what a replay costs. Two frames are the SDK's own
 * there, and cost nothing; of an error they name where it was thrown and the caller.
 */
const SHORT_STACKS = 'Error.stackTraceLimit = 2;\n';
const SOURCE_MAP = /^(\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,)(.*)$/m;

/**
 * Every worker holds the bundle several times, of which half would be the sources once more, in its source map; and a single character
 * beyond ASCII doubles what its text takes.
 */
function slim(code) {
  const withoutSources = code.replace(SOURCE_MAP, (_, before, map) => {
    const { sourcesContent: _content, sources, ...rest } = JSON.parse(Buffer.from(map, 'base64').toString());
    const named = { ...rest, sources: sources.map(inPackage) };
    return SHORT_STACKS + before + Buffer.from(JSON.stringify(named)).toString('base64');
  });
  if (withoutSources.length === code.length)
    throw new Error('the workflow bundle has no source map of the kind that is known here');
  return withoutSources.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The name of a source in stacks: where it is in the package or in its dependencies, and not where this was built. */
function inPackage(source) {
  return source
    .replaceAll(`${root}${path.sep}`, 'selvage/')
    .replace('selvage/node_modules/', 'node_modules/')
    .replace(path.basename(next), 'lib');
}

const RE_EXPORTED = /^var (\w+) = require\(("\.[^"]+")\);\n/gm;
/** Keeps what it got, as most names are used often. A circle of modules may have nothing to give yet. */
const LAZILY = `function lazily(name, get) {
    Object.defineProperty(exports, name, { enumerable: true, configurable: true, get: function () {
        var value = get();
        if (value !== undefined) Object.defineProperty(exports, name, { enumerable: true, value: value });
        return value;
    } });
}
`;

/** Lets each module that only hands on names load what it hands on when a name is used: a pipeline's file needs an eighth of the modules. */
function loadLazily() {
  for (const name of fs.readdirSync(next, { recursive: true })) {
    if (!name.endsWith('.js') || name.includes('page-files') || name === 'workflow-bundle.js') continue;
    const file = path.join(next, name);
    const text = fs.readFileSync(file, 'utf8');
    const lazy = withLazyExports(text);
    if (lazy !== text) fs.writeFileSync(file, lazy);
  }
}

function withLazyExports(text) {
  const names = [];
  let lazy = text;
  for (const [statement, variable, source] of text.matchAll(RE_EXPORTED)) {
    const getter = new RegExp(
      `^Object\\.defineProperty\\(exports, "(\\w+)", \\{ enumerable: true, get: function \\(\\) \\{ return ${variable}\\.(\\w+); \\} \\}\\);$`,
      'gm',
    );
    const getters = [...lazy.matchAll(getter)];
    // Where the module itself uses it, it must be there.
    if (lazy.match(new RegExp(`\\b${variable}\\b`, 'g')).length !== getters.length + 1) continue;
    names.push(...getters.map(([, exported]) => exported));
    lazy = lazy
      .replace(statement, '')
      .replace(
        getter,
        (_, exported, own) => `lazily("${exported}", function () { return require(${source}).${own}; });`,
      );
  }
  if (names.length === 0) return text;
  // The last line tells Node's loader of ES modules which names there are, as it does not run the file to find out.
  return lazy
    .replace(/^lazily\(/m, `${LAZILY}$&`)
    .replace(/^\/\/# sourceMappingURL/m, `0 && (module.exports = { ${names.join(', ')} });\n$&`);
}

/** The bundler tells of each asset; only what is wrong is of interest here. */
function quietLogger() {
  const { DefaultLogger } = require('@temporalio/worker');
  return new DefaultLogger('WARN');
}

/** Another build may have moved it first. */
function moveAside() {
  try {
    fs.renameSync(lib, previous);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

async function main() {
  // `npm publish` of a fresh clone begins here.
  if (!fs.existsSync(path.join(root, 'node_modules'))) installIfNeeded();
  // Before the build: sources that change during it make the next command build again.
  const hash = hashOfBuildInputs();
  try {
    compile();
    await bundleWorkflows();
    loadLazily();
    writePipelineSchema();
    await bundlePage();
    await bundleParquet();
    fs.writeFileSync(path.join(next, BUILD_STAMP), hash);
    // Whoever runs what is built meets one or the other: a tree takes seconds to remove.
    moveAside();
    fs.renameSync(next, lib);
  } finally {
    // The build before stays if this one cannot take its place.
    if (!fs.existsSync(lib) && fs.existsSync(previous)) fs.renameSync(previous, lib);
    fs.rmSync(next, { recursive: true, force: true });
    fs.rmSync(previous, { recursive: true, force: true });
  }
}

main().catch((error) => fail(`build: ${error.message}`));
