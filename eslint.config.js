'use strict';
const importX = require('eslint-plugin-import-x');
const globals = require('globals');
const tseslint = require('typescript-eslint');
const { blocks: boundaries } = require('./eslint.boundaries');

const writer =
  'src/node/terminal.ts escapes control characters, and is the only one to write to stdout and stderr.';

/** All ways to a terminal but the one. What a test or a spawned program is given (a stream, a file's descriptor) is none of them. */
const otherWriters = [
  'MemberExpression[object.name="process"][property.name=/^std(out|err)$/]',
  'MemberExpression[object.name="process"][property.value=/^std(out|err)$/]',
  'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name=/^std(out|err)$/]',
  'ImportDeclaration[source.value=/^(node:)?(process|console)$/]',
  'Identifier[name="console"]',
  ...['callee.name', 'callee.property.name'].flatMap((name) => [
    `CallExpression[${name}=/^writev?Sync$/]`,
    `CallExpression[${name}=/^writev?$/][arguments.0.raw=/^[12]$/]`,
    `CallExpression[${name}=/^(writeFile|appendFile|open|createWriteStream)(Sync)?$/][arguments.0.raw=/^([12]$|.{1,2}dev.(std|fd|tty))/]`,
    `NewExpression[${name}="WriteStream"]`,
  ]),
].map((selector) => ({ selector, message: writer }));

const typed = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/consistent-type-imports': [
    'error',
    { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
  ],
  '@typescript-eslint/no-base-to-string': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-implied-eval': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-unnecessary-type-assertion': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/restrict-plus-operands': 'error',
  // A promise returned from inside `try` skips its `catch`.
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

module.exports = tseslint.config(
  {
    name: 'selvage/ignored',
    ignores: [
      'lib/',
      'lib.building-*/',
      'coverage/',
      'reports/',
      '.selvage/',
      '.cache/',
      'test/replay/histories/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommended,
  {
    name: 'selvage/everything',
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
    },
    rules: {
      eqeqeq: 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-duplicates': 'error',
      'no-console': 'error',
      'no-constant-binary-expression': 'error',
      'no-unreachable-loop': 'error',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    name: 'selvage/typescript',
    files: ['**/*.ts'],
    ignores: ['src/explorer/page/**'],
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: __dirname } },
    rules: typed,
  },
  {
    name: 'selvage/page',
    files: ['src/explorer/page/**/*.{ts,tsx}'],
    languageOptions: {
      parserOptions: { project: './src/explorer/page/tsconfig.json', tsconfigRootDir: __dirname },
    },
    rules: typed,
  },
  {
    name: 'selvage/sources',
    files: ['src/**/*.ts'],
    ignores: ['src/explorer/page/**'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      // Late loading, where it is meant; everything else is an import.
      '@typescript-eslint/no-require-imports': [
        'error',
        {
          allow: [
            '/package\\.json$',
            '/worker-beside$',
            '/page-server$',
            '/runtime$',
            '/deliveries$',
            '/body-hosts$',
          ],
        },
      ],
      'no-restricted-syntax': ['error', ...otherWriters],
    },
  },
  {
    name: 'selvage/the-writer',
    files: ['src/node/terminal.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  ...boundaries,
  {
    name: 'selvage/one-concept-a-file',
    files: ['src/**/*.{ts,tsx}'],
    // As `wc -l` counts. What is one thing in more lines says so in its header: eslint-disable max-lines -- why.
    rules: { 'max-lines': ['error', { max: 400 }] },
  },
  {
    name: 'selvage/whatever-type-it-has',
    files: [
      'src/authoring/**/*.ts',
      'src/client/selvage.ts',
      'src/connection/{open-options,run-starter}.ts',
      'src/worker/plugin.ts',
      'src/activities/index.ts',
      'src/values/value-codecs.ts',
      'src/in-process/graph-of.ts',
      'src/adapters/{sql,sqlite,postgres}/**/*.ts',
    ],
    // "A tapestry (definition, class, database) of whatever type" is `any` in TypeScript: `unknown` in the place of a
    // parameter would refuse every one of them.
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    name: 'selvage/scripts',
    files: ['bench/**/*.ts', 'examples/**/*.ts', 'scripts/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    name: 'selvage/templates',
    files: ['templates/**/*.test.ts'],
    // Node's own test runner waits for what a test answers.
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  {
    name: 'selvage/tests',
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  {
    name: 'selvage/type-tests',
    files: ['test/types/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-vars': 'off', '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    name: 'selvage/plain-scripts',
    files: ['*.js', 'scripts/**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: globals.node },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
