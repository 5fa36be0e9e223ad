import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { TEMPLATES } from '../../src/cli/verbs/init';
import { VERSION } from '../../src/version';

const ROOT = join(__dirname, '../..');
const WORKFLOW_BUNDLE_BYTES = 2_200_000;
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
  bin: Record<string, string>;
  repository: { url: string };
  exports: Record<string, string | { types: string; default: string }>;
  typesVersions: Record<string, Record<string, string[]>>;
};

test('the sources know the version of the package', () => {
  expect(VERSION).toBe(manifest.version);
});

test('compilers that do not know `exports` find the same types', () => {
  const types = Object.entries(manifest.exports).flatMap(([name, target]) =>
    typeof target === 'string' || name === '.' ? [] : [[name.slice(2), [target.types.slice(2)]]],
  );
  expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(types) });
});

describe('what is published', () => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' }),
  ) as { files: { path: string }[] }[] | Record<string, { files: { path: string }[] }>;
  const [first] = Array.isArray(packed) ? packed : Object.values(packed);
  const files = new Set(first!.files.map(({ path }) => path));

  test.each(
    Object.entries(manifest.exports).flatMap(([name, target]) =>
      typeof target === 'string' || name.includes('*')
        ? []
        : [[name, target.default.slice(2), target.types.slice(2)]],
    ),
  )('has the files of %s', (_name, code, types) => {
    expect(files).toContain(code);
    expect(files).toContain(types);
  });

  test('has the command, and the prebuilt interpreter with the version of the SDK that it is for', () => {
    expect(files).toContain(manifest.bin['selvage']);
    expect(files).toContain('lib/workflow-bundle.js');
    const description = JSON.parse(readFileSync(join(ROOT, 'lib/workflow-bundle.json'), 'utf8')) as object;
    const sdk = JSON.parse(
      readFileSync(join(ROOT, 'node_modules/@temporalio/worker/package.json'), 'utf8'),
    ) as {
      version: string;
    };
    expect(description).toMatchObject({ sdkVersion: sdk.version });
  });

  test('the stacks of the interpreter name files of the package, and no folder of who built it', () => {
    const bundle = readFileSync(join(ROOT, 'lib/workflow-bundle.js'), 'utf8');
    const [, map] = /^\/\/# sourceMappingURL=data:[^,]*;base64,(.*)$/m.exec(bundle)!;
    const { sources } = JSON.parse(Buffer.from(map!, 'base64').toString()) as { sources: string[] };
    expect(sources).toContain('selvage/src/workflows/interpreter.ts');
    expect(sources.filter((source) => isAbsolute(source))).toEqual([]);
    expect(bundle).not.toContain(ROOT);
  });

  test('the interpreter is small: every worker reads it, and holds it for each of its threads', () => {
    expect(statSync(join(ROOT, 'lib/workflow-bundle.js')).size).toBeLessThanOrEqual(WORKFLOW_BUNDLE_BYTES);
  });

  test('has the templates of `selvage init`', () => {
    const wanted = Object.entries(TEMPLATES).flatMap(
      ([name, { pipeline = 'pipeline.ts', files: others = [] }]) =>
        [pipeline, 'pipeline.test.ts', ...others].map((file) => `templates/${name}/${file}`),
    );
    expect([...files].filter((file) => file.startsWith('templates/')).sort()).toEqual(wanted.sort());
  });

  test.each([...files].filter((file) => file.endsWith('.md')))('has what %s links to', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)]
      .map(([, link, attribute]) => (link ?? attribute)!.replace(/#.*$/, ''))
      .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
      .map((link) => posix.join(posix.dirname(page), link));
    expect(links.filter((link) => !files.has(link))).toEqual([]);
  });

  test('has the source that each map leads to', () => {
    const lost = [...files]
      .filter((file) => file.endsWith('.map'))
      .flatMap((map) => {
        const { sources } = JSON.parse(readFileSync(join(ROOT, map), 'utf8')) as { sources: string[] };
        return sources.map((source) => posix.join(posix.dirname(map), source));
      })
      .filter((source) => !files.has(source));
    expect(lost).toEqual([]);
  });

  test('has no tests of Selvage, no sources that only a build reads, and no state', () => {
    const needless =
      /^(?:test|bench|scripts|python\/tests|src\/explorer\/page)\/|(?:^|\/)\.selvage\/|(?<!^templates\/.*)\.test\./;
    expect([...files].filter((file) => needless.test(file))).toEqual([]);
  });

  test('says where it comes from, and where mistakes are told', () => {
    const home = manifest.repository.url.replace(/^git\+(https:.*)\.git$/, '$1');
    expect(home).toMatch(/^https:/);
    expect(manifest).toMatchObject({ homepage: `${home}#readme`, bugs: `${home}/issues` });
  });
});

test('a help text is written without Temporal and without a database', () => {
  const script =
    "process.stdout.write = () => true; require('./lib/cli/command-line.js').runCommandLine(['--help'], new (require('./lib/cli/output/output.js').Output)())" +
    '.then(() => console.error(JSON.stringify(Object.keys(require.cache))))';
  const { stderr } = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
  const foreign = (JSON.parse(stderr) as string[]).filter((file) => /@temporalio|libsql|kysely/.test(file));
  expect(foreign).toEqual([]);
});

test('the authoring API loads neither the native worker nor a client', () => {
  expect(existsSync(join(ROOT, 'lib/index.js'))).toBe(true);
  const loaded = execFileSync(
    process.execPath,
    // Names load what they stand for when they are used.
    [
      '-e',
      "Object.values(require('./lib/index.js')); console.log(JSON.stringify(Object.keys(require.cache)))",
    ],
    { cwd: ROOT, encoding: 'utf8' },
  );
  const foreign = (JSON.parse(loaded) as string[]).filter((file) => /@temporalio|libsql|kysely/.test(file));
  expect(foreign).toEqual([]);
});

test('all that is exported loads where the optional @temporalio/testing is not installed', () => {
  const files = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default],
  );
  const script = `const Module = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (request, ...rest) {
      if (request.startsWith('@temporalio/testing')) throw new Error('It is not installed.');
      return resolve.call(this, request, ...rest);
    };
    for (const file of ${JSON.stringify(files)}) Object.values(require(file));`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test("a pipeline's file loads only what it uses", () => {
  const script = `const { knot, tapestry } = require('./lib/index.js');
    const { z } = require('zod');
    const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
    tapestry('quickstart', (t) => ({ answer: double({ x: t.parameter('x', z.number()) }, { id: 'answer' }) }));
    const own = Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(join(ROOT, 'lib'))}));
    console.log(own.length);`;
  const loaded = execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
  expect(Number(loaded)).toBeGreaterThan(0);
  expect(Number(loaded)).toBeLessThanOrEqual(60);
});

test('ES modules import by name all that CommonJS modules require', () => {
  const files = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default],
  );
  const script = `import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    for (const file of ${JSON.stringify(files)}) {
      const names = Object.keys(await import(file));
      const missing = Object.keys(require(file)).filter((name) => !names.includes(name));
      if (missing.length > 0) console.log(file, missing);
    }`;
  const found = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(found).toBe('');
});
