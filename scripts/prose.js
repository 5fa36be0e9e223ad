'use strict';
/**
 * `npm run prose`: checks that texts can be understood at one reading. It reads the comments and messages of `src`, the
 * docstrings and comments of `python`, and the sentences of README and docs, and refuses
 *  - a sentence of more than 30 words;
 *  - a sentence with more than three relative clauses or "it is" constructions;
 *  - the constructions of REFUSED, each of which has made readers stop.
 * A sentence that must stay as it is stands in EXCEPTIONS, with the reason.
 */
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse, simpleTraverse } = require('@typescript-eslint/typescript-estree');

const root = join(__dirname, '..');

const MAX_WORDS = 30;
const MAX_CLAUSES = 3;

const CLAUSE =
  /\b(?:what|which|whose|whom|that|who|whoever|whatever|those|such|where|wherever|it is|there is|there are)\b/giu;

/** What is refused, and what to write in its place. */
const REFUSED = [
  { pattern: /^(?:Of|For|By|To|With|In) (?:what|who|whom|whose)\b/u, instead: 'begin with the subject' },
  { pattern: /^(?:What|Who|Whoever|Whom) (?:is|has|was|does|are) (?:no|not)\b/u, instead: 'name the thing' },
  { pattern: /^(?:That|Those) of\b/u, instead: 'repeat the noun' },
  { pattern: /^So many\b/u, instead: 'say what is counted' },
  { pattern: /\bthat of (?:the|a|an|its|this|that)\b/u, instead: 'repeat the noun' },
  { pattern: /\bis as once\b|\bnothing is left\b/u, instead: 'say what the second call does' },
  { pattern: /\bwhat is (?:what|that)\b/u, instead: 'name the thing' },
];

/**
 * Sentences that stay.
 *
 * @type {{ begins: string, because: string }[]}
 */
const EXCEPTIONS = [];

const tracked = (...patterns) =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...patterns], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

/** A text of a file, and the line in which it begins. */
const piece = (text, line) => ({ text, line });

const lineOf = (text, index) => text.slice(0, index).split('\n').length;

/** Paragraphs, list items and tags of a comment are read apart. */
function paragraphs(comment, line) {
  const found = [];
  let from = 0;
  const rows = comment.split('\n').map((row) => row.replace(/^\s*(?:\*+|#|\/\/+)? ?/u, ''));
  rows.forEach((row, index) => {
    const begins = /^\s*$|^\s*(?:[-*] |\d+\. |@|\|)/u.test(row);
    if (begins && index > from) {
      found.push(piece(rows.slice(from, index).join(' '), line + from));
      from = index;
    }
  });
  found.push(piece(rows.slice(from).join(' '), line + from));
  return found;
}

/** A template literal is one text, whatever is put into it. */
const textOfTemplate = ({ quasis }) => quasis.map(({ value }) => value.cooked ?? '').join('…');

/** Comments one below the other in a file are one text. */
function joined(comments) {
  const texts = [];
  for (const { type, value, loc } of comments) {
    const last = texts.at(-1);
    if (type === 'Line' && last?.type === 'Line' && last.end === loc.start.line - 1) {
      last.text += `\n${value}`;
      last.end = loc.end.line;
    } else texts.push({ type, text: value, line: loc.start.line, end: loc.end.line });
  }
  return texts;
}

function ofTypeScript(text, path) {
  const program = parse(text, { comment: true, loc: true, range: false, jsx: path.endsWith('.tsx') });
  const found = joined(program.comments).flatMap((comment) => paragraphs(comment.text, comment.line));
  // Sentences begin with a capital; types, keys and statements of SQL are no sentences.
  const add = (value, node) => {
    if (/^[A-Z…`"(]/u.test(value) && /[a-z]{2,} [a-z]{2,}/u.test(value) && !/^[A-Z]{2,} /u.test(value))
      found.push(piece(value, node.loc.start.line));
  };
  simpleTraverse(program, {
    enter(node) {
      if (node.type === 'Literal' && typeof node.value === 'string') add(node.value, node);
      if (node.type === 'TemplateLiteral') add(textOfTemplate(node), node);
      if (node.type === 'JSXText') add(node.value.replace(/\s+/gu, ' ').trim(), node);
    },
  });
  return found;
}

function ofPython(text) {
  const found = [];
  // Empty lines in the place of tables, so that lines keep their numbers.
  const prose = text.replace(
    /^[ \t]*=+(?: +=+)+$[\s\S]*?^[ \t]*=+(?: +=+)+$(?=\n\s*\n|\n\s*""")/gmu,
    (table) => table.replace(/[^\n]/gu, ''),
  );
  for (const match of prose.matchAll(/"""([\s\S]*?)"""|(?:^[ \t]*#[^\n]*\n)+/gmu))
    found.push(...paragraphs(match[1] ?? match[0], lineOf(prose, match.index)));
  return found;
}

function ofMarkdown(text) {
  // Empty lines in the place of code, so that lines keep their numbers.
  const prose = text
    .replace(/^(?:```|~~~)[\s\S]*?^(?:```|~~~)$/gmu, (code) => code.replace(/[^\n]/gu, ''))
    .replace(/^(?:\||#|<).*$/gmu, '');
  return paragraphs(prose, 1);
}

const READERS = [
  [tracked('src/*.ts', 'src/*.tsx'), ofTypeScript],
  [tracked('python/*.py'), ofPython],
  [tracked('README.md', 'docs/*.md'), ofMarkdown],
];

const plain = (text) =>
  text
    .replace(/\{@link ([^}]*)\}/gu, '$1')
    .replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replace(/\s+/gu, ' ')
    .trim();

const sentencesOf = (text) => plain(text).split(/(?<=[.!?:;])\s+(?=[A-Z`“"(*])/u);

function complaintOf(sentence) {
  const words = sentence.split(' ').length;
  if (words <= 5) return undefined;
  if (words > MAX_WORDS) return `${words} words: make two sentences of it`;
  const refused = REFUSED.find(({ pattern }) => pattern.test(sentence));
  if (refused) return `"${refused.pattern.exec(sentence)[0]}": ${refused.instead}`;
  const clauses = sentence.match(CLAUSE) ?? [];
  if (clauses.length > MAX_CLAUSES) return `${clauses.join(', ')}: make two sentences of it`;
  return undefined;
}

function main() {
  let sentences = 0;
  const complaints = [];
  const unused = new Set(EXCEPTIONS);
  for (const [paths, textsOf] of READERS)
    for (const path of paths)
      for (const { text, line } of textsOf(readFileSync(join(root, path), 'utf8'), path))
        for (const sentence of sentencesOf(text)) {
          sentences += 1;
          const complaint = complaintOf(sentence);
          if (!complaint) continue;
          const exception = EXCEPTIONS.find(({ begins }) => sentence.startsWith(begins));
          if (exception) unused.delete(exception);
          else complaints.push(`${path}:${line}: ${complaint}\n    ${sentence}`);
        }
  for (const { begins } of unused)
    complaints.push(`scripts/prose.js: no sentence needs the exception "${begins}"`);
  process.stdout.write(`${[...complaints, ''].join('\n')}`);
  process.stdout.write(`${sentences} sentences, ${complaints.length} to be written anew\n`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

module.exports = { ofTypeScript, ofPython, ofMarkdown, sentencesOf, complaintOf };

if (require.main === module) main();
