import type { Composer, Document, Node, Pair, Parser, Scalar, YAMLMap, Alias } from 'yaml';
import { didYouMean } from '../authoring/names';
import type { Problems, Range } from './problems';
import type { SourceFile } from './source-file';
import type { Syntax, SyntaxScalar, SyntaxMap, SyntaxEntry } from './syntax';

/** A larger document is refused before it is processed. */
export const LIMITS = {
  /** Maximum number of characters of the text. */
  length: 4 * 1024 * 1024,
  /** Maximum depth of nested lists and maps. */
  depth: 64,
  /** Maximum number of values, also those repeated by aliases. */
  values: 500_000,
  aliases: 1_000,
  documents: 100,
} as const;

const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u0084\u0086-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const TEMPLATE =
  'there is no template language here. In YAML, {{ x }} without quotes is a map within a map. To use the value of a knot, name it in "parents", or as { from: knot, path: field }; for the text itself, put it in quotes';

/** YAML 1.2, core schema. Forbidden constructs are reported and read as null. */
export function readSyntax(source: SourceFile, problems: Problems): Syntax[] {
  const { text } = source;
  if (text.length > LIMITS.length) {
    problems.add([LIMITS.length, LIMITS.length], {
      code: 'YamlTooLarge',
      message: `The text has ${text.length} characters, and may have ${LIMITS.length}. Keep data in a file that a source reads.`,
    });
    return [];
  }
  const control = CONTROL.exec(text);
  if (control) {
    problems.add([control.index, control.index + 1], {
      code: 'YamlNotAllowed',
      reason: 'ControlCharacter',
      message: `The character U+${text.charCodeAt(control.index).toString(16).toUpperCase().padStart(4, '0')} cannot stand in YAML as it is. Remove it, or write it as an escape in double quotes, such as "\\u001b".`,
    });
    return [];
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- 30 ms that only who loads a document pays
  const yaml = require('yaml') as typeof import('yaml');
  const tokens = withCopyOfEnvironment(() => [...new yaml.Parser().parse(text)]);
  if (isTooDeep(tokens, problems)) return [];
  const documents = [...composed(yaml, tokens, text)];
  if (documents.length > LIMITS.documents) {
    const at = documents[LIMITS.documents]!.range[0];
    problems.add([at, at], {
      code: 'YamlTooLarge',
      message: `The text has ${documents.length} documents, and may have ${LIMITS.documents}.`,
    });
    return [];
  }
  for (const document of documents) reportErrors(document, source, problems);
  if (problems.any) return [];
  const reader = new Reader(yaml, problems, text.includes('&'));
  // Empty documents are ignored.
  return documents
    .filter((document) => document.contents !== null)
    .map((document) => reader.document(document));
}

/**
 * The library reads a variable for its debugging at each token, and each read asks the operating system: a fifth of
 * the time. A copy of the variables answers at once. `parse` is synchronous, so nothing else sees the copy.
 */
function withCopyOfEnvironment<T>(parse: () => T): T {
  const own = process.env;
  process.env = { ...own };
  try {
    return parse();
  } finally {
    process.env = own;
  }
}

function composed(
  yaml: typeof import('yaml'),
  tokens: readonly Token[],
  text: string,
): Generator<Document.Parsed, void> {
  const composer: Composer = new yaml.Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    // The library's check of unique keys compares each key with each.
    uniqueKeys: false,
    strict: true,
    keepSourceTokens: false,
    logLevel: 'silent',
  });
  return composer.compose(tokens, false, text.length);
}

type Token = Parameters<Composer['compose']>[0] extends Iterable<infer T> ? T : ReturnType<Parser['parse']>;

interface TokenLike {
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

/** Checks the depth without recursion, as the later conversion of tokens to values is recursive. */
function isTooDeep(tokens: readonly Token[], problems: Problems): boolean {
  const open: { readonly token: TokenLike; readonly depth: number }[] = [];
  const push = (token: unknown, depth: number): void => {
    // Most tokens are texts, which contain no others.
    if (typeof token === 'object' && token !== null && ('items' in token || 'value' in token))
      open.push({ token: token as TokenLike, depth });
  };
  for (const token of tokens) {
    push(token, 0);
    for (let next = open.pop(); next; next = open.pop()) {
      const { token: at, depth } = next;
      const { offset = 0, items, value } = at;
      if (depth > LIMITS.depth) {
        problems.add([offset, offset + 1], {
          code: 'YamlTooLarge',
          message: `Lists and maps may be ${LIMITS.depth} deep in one another, and here they are deeper.`,
        });
        return true;
      }
      for (const item of items ?? []) {
        push(item.key, depth + 1);
        push(item.value, depth + 1);
      }
      push(value, depth);
    }
  }
  return false;
}

function reportErrors(document: Document.Parsed, source: SourceFile, problems: Problems): void {
  for (const { pos, message, code } of document.errors) {
    const remedy = source.lineAt(pos[0]).includes('{{') ? ` Perhaps ${TEMPLATE}.` : remedyOf(code);
    const firstLine = message.split('\n')[0]!.replace(/[.:]$/, '');
    problems.add(pos, { code: 'YamlSyntax', message: `${firstLine}.${remedy}` });
  }
  const { version } = (document.directives as { yaml: { version: string } }).yaml;
  if (version !== '1.2') {
    const at = Math.max(0, source.text.indexOf('%YAML'));
    problems.add([at, at + 5], {
      code: 'YamlNotAllowed',
      reason: 'Version',
      message: `Documents are YAML 1.2, and this one says that it is ${version}. Remove the line.`,
    });
  }
}

function remedyOf(code: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return ' Indent with spaces.';
    case 'BAD_INDENT':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return ' Check the indentation; a text that has ": " in it needs quotes.';
    case 'MISSING_CHAR':
      return ' Close what was opened.';
    default:
      return '';
  }
}

class Reader {
  private values = 0;
  private aliases = 0;
  private isFull = false;

  constructor(
    private readonly yaml: typeof import('yaml'),
    private readonly problems: Problems,
    private readonly mayHaveAnchors: boolean,
  ) {}

  document(document: Document.Parsed): Syntax {
    const anchors = new Map<string, Node>();
    if (this.mayHaveAnchors) {
      this.yaml.visit(document.contents, {
        Node: (_key, node) => {
          const { anchor } = node as { anchor?: string };
          if (anchor !== undefined && !anchors.has(anchor)) anchors.set(anchor, node);
        },
      });
    }
    return this.read(document.contents, new Scope(anchors), document.range[0]);
  }

  private read(node: unknown, scope: Scope, at: number): Syntax {
    const range = rangeOf(node, at);
    const nothing = (): SyntaxScalar => ({ kind: 'scalar', range, value: null });
    if (this.isFull) return nothing();
    if (++this.values > LIMITS.values) {
      this.isFull = true;
      this.problems.add(range, {
        code: 'YamlTooLarge',
        message: `There may be ${LIMITS.values} values, those that aliases repeat included, and here are more.`,
      });
      return nothing();
    }
    if (node === null || node === undefined) return nothing();
    if (this.yaml.isAlias(node)) return this.alias(node, scope, range);
    this.refuseTag(node as Node, range);
    if (this.yaml.isMap(node)) return this.map(node, scope, range);
    if (this.yaml.isSeq(node)) {
      const items = node.items.map((item) => this.readIn(node, item, scope, range[0]));
      return { kind: 'list', range, items };
    }
    return this.scalar(node as Scalar, range);
  }

  private alias({ source }: Alias, scope: Scope, range: Range): Syntax {
    const nothing: SyntaxScalar = { kind: 'scalar', range, value: null };
    const target = scope.anchors.get(source);
    if (++this.aliases > LIMITS.aliases) {
      this.problems.add(range, {
        code: 'YamlTooLarge',
        message: `There may be ${LIMITS.aliases} aliases, and here are more.`,
      });
      this.isFull = true;
      return nothing;
    }
    if (target === undefined) {
      this.problems.add(range, {
        code: 'YamlSyntax',
        message: `There is no anchor &${source}${didYouMean(source, scope.anchors.keys())}.`,
      });
      return nothing;
    }
    if (scope.open.has(target)) {
      this.problems.add(range, {
        code: 'YamlNotAllowed',
        reason: 'Alias',
        message: `The alias *${source} is inside the value that it refers to, and would have no end.`,
      });
      return nothing;
    }
    return this.readIn(target, target, scope, range[0]);
  }

  private refuseTag(node: Node, range: Range): void {
    const { tag } = node as { tag?: string };
    if (tag === undefined) return;
    this.problems.add(range, {
      code: 'YamlNotAllowed',
      reason: 'Tag',
      message: `A document has no tags, and this value has ${tag.startsWith('tag:yaml.org,2002:') ? `!!${tag.slice(18)}` : tag}. Remove the tag; put quotes around what is to be a text.`,
    });
  }

  private map(node: YAMLMap, scope: Scope, range: Range): SyntaxMap {
    const entries = new Map<string, SyntaxEntry>();
    for (const pair of node.items) {
      const key = this.key(pair, range);
      if (key === undefined) continue;
      const keyRange = rangeOf(pair.key, range[0]);
      if (entries.has(key)) {
        this.problems.add(keyRange, {
          code: 'YamlNotAllowed',
          reason: 'DuplicateKey',
          message: `The key ${shown(key)} is there twice in one map. Remove one of the two.`,
        });
        continue;
      }
      entries.set(key, { key: keyRange, value: this.readIn(node, pair.value, scope, keyRange[1]) });
    }
    return { kind: 'map', range, entries };
  }

  /** An alias must not refer to a value that contains it. */
  private readIn(parent: Node, node: unknown, scope: Scope, at: number): Syntax {
    if (!this.mayHaveAnchors || scope.open.has(parent)) return this.read(node, scope, at);
    scope.open.add(parent);
    try {
      return this.read(node, scope, at);
    } finally {
      scope.open.delete(parent);
    }
  }

  /** Reads a key; undefined if there is no valid one. */
  private key({ key }: Pair<unknown, unknown>, map: Range): string | undefined {
    const range = rangeOf(key, map[0]);
    if (this.yaml.isScalar(key)) {
      this.refuseTag(key, range);
      const { value } = key;
      if (value === '<<' && key.type === 'PLAIN') {
        this.problems.add(range, {
          code: 'YamlNotAllowed',
          reason: 'MergeKey',
          message: 'There are no merge keys in YAML 1.2. Write out what was to be merged in.',
        });
        return undefined;
      }
      if (value === '__proto__') {
        this.problems.add(range, {
          code: 'YamlNotAllowed',
          reason: 'Key',
          message: 'The key "__proto__" cannot be used: assigning it changes what an object is.',
        });
        return undefined;
      }
      if (typeof value === 'string') return value;
      this.problems.add(range, {
        code: 'YamlNotAllowed',
        reason: 'Key',
        message: `A key is a text, and this one is ${value === null ? 'empty' : `a ${typeof value}`}. Put it in quotes.`,
      });
      return undefined;
    }
    const isTemplate = this.yaml.isMap(key) && key.flow === true;
    this.problems.add(isTemplate ? [map[0], Math.max(map[1], range[1])] : range, {
      code: 'YamlNotAllowed',
      reason: isTemplate ? 'Template' : 'Key',
      message: isTemplate
        ? `${TEMPLATE[0]!.toUpperCase()}${TEMPLATE.slice(1)}.`
        : 'A key is a text, and this one is a list, a map or an alias.',
    });
    return undefined;
  }

  private scalar(node: Scalar, range: Range): SyntaxScalar {
    const { value, source } = node;
    if (
      typeof value === 'number' &&
      Number.isInteger(value) &&
      !Number.isSafeInteger(value) &&
      /^[-+]?\w+$/.test(source ?? '')
    ) {
      if (!/[.e]/i.test(source ?? '') || /^0x/i.test(source ?? '')) {
        this.problems.add(range, {
          code: 'YamlNotAllowed',
          reason: 'Number',
          message: `The number ${source} is too large to be exact, and would become ${value}. Put it in quotes, and make a number of it where it is used.`,
        });
      }
    }
    if (
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      value === null
    )
      return { kind: 'scalar', range, value };
    return { kind: 'scalar', range, value: null };
  }
}

/** Values for aliases, and values being read. */
class Scope {
  readonly open = new Set<Node>();

  constructor(readonly anchors: ReadonlyMap<string, Node>) {}
}

/** The library's range, which includes a comment after the value, is not copied: that takes long. */
function rangeOf(node: unknown, at: number): Range {
  return (node as { range?: Range } | null | undefined)?.range ?? [at, at];
}

function shown(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key);
}
