import { z } from 'zod';
import { knot, loadPipeline, type PipelineProblem } from '../../../src';
import { thrownBy } from '../../support/thrown-by';

const callables = {
  double: knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2),
  user: knot(
    'user',
    { output: z.object({ name: z.string(), address: z.object({ city: z.string() }) }) },
    () => ({
      name: 'Ada',
      address: { city: 'Rome' },
    }),
  ),
  greet: knot('greet', { input: z.object({ city: z.string() }) }, ({ city }) => city),
  cold: knot('cold', { input: z.object({ x: z.coerce.number() }) }, ({ x }) => x),
  isEven: (x: number) => x % 2 === 0,
  pairs: knot('pairs', { output: z.array(z.string()) }, () => ['a']),
};

function problemsOf(text: string): readonly PipelineProblem[] {
  return thrownBy(() => loadPipeline(text, { callables, file: 'p.yaml' })).details[
    'problems'
  ] as PipelineProblem[];
}

/** `line:column code` of each, with the hint if there is one. */
function shortly(text: string): string[] {
  return problemsOf(text).map(
    ({ line, column, code, reason, suggestion }) =>
      `${line}:${column} ${code}${reason === undefined ? '' : `.${reason}`}${suggestion === undefined ? '' : ` ${suggestion}?`}`,
  );
}

const X = '  - { id: x, type: parameter, type_: float }\n';
const withNodes = (nodes: string): string => `nodes:\n${X}${nodes}`;

test.each<[string, string, string[]]>([
  ['an empty text', '', ['1:1 InvalidValue']],
  ['a comment alone', '# nothing\n', ['1:1 InvalidValue']],
  ['a list', '- a\n', ['1:1 InvalidValue']],
  ['a text that is not closed', 'name: "a\nnodes: []\n', ['3:1 YamlSyntax']],
  ['a tab as indentation', 'nodes:\n\t- a\n', ['2:1 YamlSyntax']],
  [
    'a template',
    withNodes('  - { id: k, type: knot, callable: double, parents: {{ x }} }\n'),
    ['3:53 YamlNotAllowed.Template'],
  ],
  ['a template as a value', 'name: {{ name }}\n', ['1:7 YamlNotAllowed.Template']],
  ['a tag', 'name: !!str 5\n', ['1:13 YamlNotAllowed.Tag']],
  ['a tag of its own', 'name: !secret x\n', ['1:15 YamlNotAllowed.Tag']],
  ['a merge key', 'nodes: &n []\nknots:\n  <<: *n\n', ['3:3 YamlNotAllowed.MergeKey']],
  ['a key twice', 'name: a\nname: b\n', ['2:1 YamlNotAllowed.DuplicateKey']],
  [
    'a key that is no text',
    withNodes('  - { id: k, type: knot, callable: double, config: { 1: 2 } }\n'),
    ['3:54 YamlNotAllowed.Key'],
  ],
  ['a key that changes objects', 'name: a\n__proto__: {}\n', ['2:1 YamlNotAllowed.Key']],
  ['another version of YAML', '%YAML 1.1\n---\nname: a\n', ['1:1 YamlNotAllowed.Version']],
  ['ESC as it is', 'name: "a\u001b[31m"\n', ['1:9 YamlNotAllowed.ControlCharacter']],
  ['NUL as it is', 'name: a\u0000\n', ['1:8 YamlNotAllowed.ControlCharacter']],
  ['ESC in a name, as an escape', 'name: "a\\e"\nnodes: []\n', ['1:7 InvalidName.WrongCharacters']],
  ['an alias of nothing', 'name: *x\n', ['1:7 YamlSyntax']],
  ['an alias in itself', 'knots: &a { retry: *a }\n', ['1:20 YamlNotAllowed.Alias']],
  [
    'a number that is not exact',
    withNodes('  - { id: k, type: knot, callable: double, config: { x: 9007199254740993 } }\n'),
    ['3:57 YamlNotAllowed.Number'],
  ],
  ['an unknown key of the document', 'nme: a\nnodes: []\n', ['1:1 UnknownKey name?']],
  ['a node without a type', withNodes('  - id: k\n'), ['3:5 MissingKey']],
  [
    'an empty dispatcher',
    `${withNodes('  - { id: k, type: knot, callable: double, parents: { x: x } }\n')}knots: { dispatcher: }\n`,
    ['4:22 InvalidValue'],
  ],
  ['an unknown type', withNodes('  - { id: k, type: knott }\n'), ['3:20 InvalidValue knot?']],
  ['a missing key', withNodes('  - id: k\n    type: gate\n    input: x\n'), ['3:5 MissingKey']],
  ['a wrong value', withNodes('  - { id: k, type: knot, callable: 5 }\n'), ['3:36 InvalidValue']],
  [
    'a wrong word',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: x }, onCodeChange: wat }\n'),
    ['3:77 InvalidValue wait?'],
  ],
  [
    'a wrong word that is deeper',
    withNodes(
      '  - { id: k, type: knot, callable: double, parents: { x: x }, retry: { maximumAttemts: 2 } }\n',
    ),
    ['3:72 UnknownKey maximumAttempts?'],
  ],
  [
    'a duration that is none',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: x }, timeout: soon }\n'),
    ['3:72 InvalidValue'],
  ],
  [
    'an option that cannot be so',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: x }, priority: 9 }\n'),
    ['3:73 InvalidConfig.WrongValue'],
  ],
  [
    'an option that says nothing',
    withNodes('  - { id: k, type: gate, input: x, predicate: isEven, cache: true }\n'),
    ['3:62 InvalidConfig.NotApplicable'],
  ],
  ['two nodes of one id', withNodes('  - { id: x, type: source, callable: user }\n'), ['3:11 DuplicateId']],
  [
    'an unknown node',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: y } }\n'),
    ['3:58 UnknownKnot'],
  ],
  [
    'an unknown path',
    withNodes(
      '  - { id: b, type: branch, input: x, selector: isEven, branches: [yes, no] }\n  - { id: k, type: knot, callable: double, parents: { x: "b:yess" } }\n',
    ),
    ['4:58 UnknownKnot b:yes?'],
  ],
  [
    'a circle',
    'nodes:\n  - { id: a, type: knot, callable: double, parents: { x: b } }\n  - { id: b, type: knot, callable: double, parents: { x: a } }\n',
    ['3:58 Cycle'],
  ],
  [
    'an unknown callable',
    withNodes('  - { id: k, type: knot, callable: duoble, parents: { x: x } }\n'),
    ['3:36 UnknownCallable double?'],
  ],
  [
    'a path of Python',
    withNodes('  - { id: k, type: knot, callable: app.knots.double, parents: { x: x } }\n'),
    ['3:36 CallableNotAllowed'],
  ],
  [
    'a body of Python that a text was not given',
    `allow_callable_refs: true\n${withNodes('  - { id: k, type: knot, callable: "python:app.knots:double", parents: { x: x } }\n')}`,
    ['4:36 CallableNotAllowed'],
  ],
  [
    'two body hosts for one knot',
    withNodes(
      '  - { id: k, type: knot, callable: double, dispatcher: { threads: {}, python: {} }, parents: { x: x } }\n',
    ),
    ['3:58 InvalidValue'],
  ],
  [
    'a program that a document would have started',
    withNodes(
      '  - { id: k, type: knot, callable: double, dispatcher: { python: { interpreter: ./evil } }, parents: { x: x } }\n',
    ),
    ['3:68 UnknownKey'],
  ],
  [
    'a host of threads without a thread',
    withNodes(
      '  - { id: k, type: knot, callable: double, dispatcher: { threads: { maxWorkers: 0 } }, parents: { x: x } }\n',
    ),
    ['3:56 InvalidConfig.WrongValue'],
  ],
  [
    'a module that is not allowed',
    withNodes('  - { id: k, type: knot, callable: "knots:double", parents: { x: x } }\n'),
    ['3:36 CallableNotAllowed'],
  ],
  [
    'a module of a text',
    `allow_callable_refs: true\n${withNodes('  - { id: k, type: knot, callable: "knots:double", parents: { x: x } }\n')}`,
    ['4:36 CallableNotAllowed'],
  ],
  [
    'a definition in the place of a function',
    withNodes('  - { id: k, type: gate, input: x, predicate: double }\n'),
    ['3:47 InvalidConfig.WrongValue'],
  ],
  [
    'an input that there is none of',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: x }, config: { y: 1, z: 2 } }\n'),
    ['3:73 UnknownInput', '3:79 UnknownInput'],
  ],
  [
    'an input that is missing',
    withNodes('  - { id: k, type: knot, callable: double }\n'),
    ['3:7 MissingInput'],
  ],
  [
    'a constant that the schema refuses',
    withNodes('  - { id: k, type: knot, callable: double, config: { x: text } }\n'),
    ['3:57 InvalidInput'],
  ],
  [
    'an input given twice',
    withNodes('  - { id: k, type: knot, callable: double, parents: { x: x }, config: { x: 1 } }\n'),
    ['3:73 InvalidConfig.Conflict'],
  ],
  [
    'a node among the constants',
    withNodes('  - { id: k, type: knot, callable: double, config: { x: { from: x } } }\n'),
    ['3:57 HiddenKnot'],
  ],
  [
    'a part that is not there',
    withNodes(
      '  - { id: u, type: source, callable: user }\n  - { id: k, type: knot, callable: greet, parents: { city: { from: u, path: address.ctiy } } }\n',
    ),
    ['4:68 UnknownField city?'],
  ],
  [
    'a part of what has none',
    withNodes('  - { id: k, type: knot, callable: greet, parents: { city: { from: x, path: a } } }\n'),
    ['3:68 UnknownField'],
  ],
  [
    'a kind that is never taken',
    withNodes(
      '  - { id: u, type: source, callable: user }\n  - { id: k, type: knot, callable: double, parents: { x: u } }\n',
    ),
    ['4:58 TypeMismatch'],
  ],
  [
    'elements of a kind that is never taken',
    withNodes(
      '  - { id: l, type: source, callable: pairs }\n  - { id: k, type: map, over: l, each: double, bind: x }\n',
    ),
    ['4:31 TypeMismatch'],
  ],
  [
    'an unknown type of a parameter',
    'nodes:\n  - { id: y, type: parameter, type_: itn }\n',
    ['2:38 UnknownType int?'],
  ],
  [
    'a class of Python as the type',
    'nodes:\n  - { id: y, type: parameter, type_: app.User }\n',
    ['2:38 UnknownType'],
  ],
  [
    'a default of another type',
    'nodes:\n  - { id: y, type: parameter, type_: int, default: text }\n',
    ['2:52 InvalidDefault'],
  ],
  ['a name that cannot be', 'name: 9 lives\nnodes: []\n', ['1:7 InvalidName.WrongCharacters']],
  ['an id that cannot be', withNodes('  - { id: 9, type: source, callable: user }\n'), ['3:11 InvalidValue']],
  [
    'an id with a wrong character',
    withNodes('  - { id: "a b", type: source, callable: user }\n'),
    ['3:11 InvalidName.WrongCharacters'],
  ],
  ['an unknown terminal', `terminals: [y]\n${withNodes('')}`, ['1:13 UnknownKnot']],
  [
    'a domain that cannot be',
    `partition: { daily: { start: soon } }\n${withNodes('')}`,
    ['1:12 InvalidConfig.WrongValue'],
  ],
  [
    'a cron that cannot be',
    `schedules:\n  - { id: s, cron: never, parameters: { x: 1 } }\n${withNodes('')}`,
    ['2:20 InvalidConfig.WrongValue'],
  ],
  [
    'an unknown document',
    withNodes('  - { id: k, type: subTapestry, tapestry: other }\n'),
    ['3:43 UnknownCallable'],
  ],
  [
    'a document in itself',
    'name: me\nnodes:\n  - { id: k, type: subTapestry, tapestry: me }\n',
    ['3:43 Cycle'],
  ],
  [
    'two documents of one name',
    `name: a\n${withNodes('')}---\nname: a\n${withNodes('')}`,
    ['5:7 DuplicateTapestry'],
  ],
  ['nothing in it', 'name: a\nnodes: []\n', ['1:1 EmptyTapestry']],
])('%s', (_, text, expected) => {
  expect(shortly(text)).toEqual(expected);
});

test('all errors come at once, as a compiler writes them, in the order of the text', () => {
  const text = `name: orders
nodes:
  - id: x
    type: parameter
    type_: itn
  - id: doubled
    type: knot
    callable: duble
    parents:
      x: y
`;
  const { message } = thrownBy(() => loadPipeline(text, { callables, file: 'orders.yaml' }));
  expect(message).toMatchInlineSnapshot(`
    "orders.yaml has 3 errors.
    orders.yaml:5:12: error UnknownType: There is no type "itn", and no schema of this name among the callables (did you mean "int"?).
      4 |     type: parameter
      5 |     type_: itn
        |            ^^^
      = expected: int, float, str, bool, list[str], dict[str, int], str | None, …, or a JSON Schema
    orders.yaml:8:15: error UnknownCallable: There is no callable "duble" (did you mean "double"?): there are double, user, greet, cold, isEven, pairs. Give it as one of the callables, or export it from their file.
      7 |     type: knot
      8 |     callable: duble
        |               ^^^^^
    orders.yaml:10:10: error UnknownKnot: There is no node "y".
       9 |     parents:
      10 |       x: y
         |          ^
      = expected: the id of a node: x, doubled"
  `);
});

test('positions are those of the text with a byte order mark and CR LF', () => {
  expect(shortly('\ufeffname: a\r\nnodes:\r\n  - { id: k, type: knott }\r\n')).toEqual([
    '3:20 InvalidValue knot?',
  ]);
});

test('what is dangerous in a text is not in the excerpt', () => {
  const { message } = thrownBy(() => loadPipeline('name: a\u202e\u001b\n', { callables, file: 'p.yaml' }));

  expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test.each([
  ['lists in lists', '['.repeat(100_000)],
  ['maps in maps', '{a: '.repeat(50_000)],
  ['lists in blocks', Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}- `).join('\n')],
  ['a text that is too long', `name: ${'a'.repeat(5 * 1024 * 1024)}`],
  ['many documents', '---\na: 1\n'.repeat(200)],
  ['many values', `name: a\nnodes: [${'1, '.repeat(600_000)}1]`],
  [
    'aliases that would become billions',
    `a: &a [1,1,1,1,1,1,1,1,1,1]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, at) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefghi'[at]}`).join(',')}]`).join('\n')}`,
  ],
])('%s are refused with a place, soon', (_, text) => {
  const problems = problemsOf(text);
  expect(problems.map(({ code }) => code)).toContain('YamlTooLarge');
});

test('what is made a number before it is checked takes texts', () => {
  const text = withNodes(
    '  - { id: u, type: pick, from: l, path: "0" }\n  - { id: l, type: source, callable: pairs }\n  - { id: k, type: knot, callable: cold, parents: { x: u } }\n',
  );
  expect(loadPipeline(text, { callables }).tapestry.name).toBe('pipeline');
});
