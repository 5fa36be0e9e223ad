const P = '  - { id: p, type: parameter, type_: int }';
const rows = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => row(index)).join('\n');
/** In one line, because further lines within brackets would need indentation. */
const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(', ');
const parameters = (count: number): string =>
  rows(count, (index) => `  - { id: p${index}, type: parameter, type_: int, default: 1 }`);

/** YAML documents with `count` parts of one kind. Callables: the definition `f`, with input `x`; the function `g`. */
export const LARGE_DOCUMENTS: Readonly<Record<string, (count: number) => string>> = {
  'parameters that nothing uses': (count) => `nodes:\n${parameters(count)}\n`,
  'parameters of one knot': (count) =>
    `nodes:\n${parameters(count)}\n  - { id: a, type: aggregate, combine: g, parents: { ${list(count, (index) => `x${index}: p${index}`)} } }\n`,
  'knots in a chain, the last first': (count) =>
    `nodes:\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: ${index + 1 < count ? `k${index + 1}` : 'p'} } }`)}\n${P}\n`,
  'knots beside each other, all terminals': (count) =>
    `nodes:\n${P}\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: p } }`)}\nterminals: [${list(count, (index) => `k${index}`)}]\n`,
  'parts of a value': (count) =>
    `nodes:\n  - { id: p, type: parameter, type_: dict }\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: { from: p, path: a${index} } } }`)}\n`,
  'paths of a branch': (count) =>
    `nodes:\n${P}\n  - { id: b, type: branch, input: p, selector: g, branches: [${list(count, (index) => `t${index}`)}] }\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: "b:t${index}" } }`)}\n`,
  'nodes that nest a document of as many': (count) =>
    `nodes:\n${P}\n${rows(count, (index) => `  - { id: s${index}, type: subTapestry, tapestry: inner, parents: { p: p } }`)}\n---\nname: inner\nnodes:\n${P}\n${rows(count, (index) => `  - { id: k${index}, type: knot, callable: f, parents: { x: p } }`)}\n`,
  'schemas with patterns': (count) =>
    `nodes:\n${rows(count, (index) => `  - { id: p${index}, type: parameter, schema: { type: string, pattern: "^a${index}+$" }, default: a${index} }`)}\n`,
};
