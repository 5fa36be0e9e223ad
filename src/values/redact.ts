import { fromBase64 } from './base64';
import { HASH_DIGITS, HASH_KINDS } from './hash';
import type { Json } from './json';
import { TAG, VALUE } from './tags';

/**
 * Hides apparent secrets in shown copies, by the names of members and parameters and by the form of texts. Stored
 * values and hashes never change. This is a net, not a wall: docs/security/redaction.md says what each surface shows.
 *
 * R1  Redacting twice has the effect of once.
 * R2  The time of redacting is linear in the length of any text.
 */

export const REDACTED = '[redacted]';

/** Parts of secret names; no other name is secret, so most names cost one test. */
const HINT = /pass|pwd|secret|cred|token|auth|jwt|cookie|key|bearer|otp|connection/i;
/** Words that are secret anywhere in a name. */
const STRONG =
  /passw(?:or)?d|passphrase|passcode|\bpwd|pwd\b|secrets?\b|credentials?\b|\bcreds?\b|\bjwts?\b|\bauthorizations?\b|\bapi ?keys?\b|\b(?:private|secret|access|signing|encryption|master|shared|account|storage|ssh|deploy|session) ?keys?\b|\bconnection ?strings?\b/;
/** Words that are secret at the end of a name. */
const WEAK = /^(?:tokens?|auth|pass|cookies?|otp|bearer)$/;
const LONGEST_NAME = 100;

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
/** Words after a secret word that make the name one of something about the secret. */
const ABOUT = words(
  'type kind count length len id ids name names at on date time timestamp expiry expires expired expiration expire ttl age days policy url uri ' +
    'link endpoint host path file filename dir folder method provider status state valid invalid enabled disabled required optional strength score field label ' +
    'prompt placeholder title description message error errors changed updated created rotated rotation version size limit min max usage used level format ' +
    'schema algorithm issuer scheme present exists location ref arn prefix param env variable index position attempts tries retries rules manager seconds ms ' +
    'ts js tsx jsx mjs cjs py rb go rs java json yaml yml md txt html css sql sh',
);
/** Words after a {@link WEAK} one that mean the secret itself. */
const ITSELF = words('value values hash string raw old new current header headers plain encoded secret');
/** Words before a {@link WEAK} one that make it harmless. */
const HARMLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  token: words('next page continuation eos bos pad unk sep cls mask stop'),
  pass: words(
    'first second third last next render low high band boarding season did must all each per one two single by',
  ),
};

/** Whether a name is secret, as `dbPassword`, `API_KEY`, `x-auth-token`, not `author`, `passed`, `token_count`. */
export function isSecretName(name: string): boolean {
  if (!HINT.test(name)) return false;
  const parts = wordsOf(name);
  const last = parts.at(-1) ?? '';
  if (STRONG.test(parts.join(' '))) return !ABOUT.has(last);
  const isItself = ITSELF.has(last);
  const word = isItself ? (parts.at(-2) ?? '') : last;
  const before = parts.at(isItself ? -3 : -2) ?? '';
  return WEAK.test(word) && !HARMLESS[word.replace(/s$/, '')]?.has(before);
}

function wordsOf(name: string): string[] {
  return name
    .slice(-LONGEST_NAME)
    .replace(/([\p{Ll}\d])(\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1$3 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
}

/** Whether a value only counts secrets, such as the `tokens` of a model's usage, or says whether there is one. */
function isHarmless(name: string, value: Json): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (!/s$/i.test(name)) return false;
  return typeof value === 'number' || (typeof value === 'object' && isOfNumbers(value));
}

function isOfNumbers(value: Json[] | Readonly<Record<string, Json>>): boolean {
  const parts = Object.values(value);
  return parts.length > 0 && parts.every((part) => typeof part === 'number');
}

/** Names of members that name another member: `{ name: 'password', value: '…' }`. */
const LABELS = ['name', 'key', 'header', 'field', 'parameter', 'variable'];
/** Members with the secret in an object that names it, or in its JSON Schema. */
const SAMPLES = words('value values default const enum example examples content');
const SCHEMA_WORDS = ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const', 'format'];

/**
 * A copy without apparent secrets, of JSON or an encoded value. `byName`: members with secret-like names are redacted.
 * The default is true; false is for JSON where the names are not users' data.
 */
export function redactJson(json: Json, byName = true): Json {
  return byName ? redactMembers(json, false) : redactParts(json);
}

/** Like {@link redactJson} for an answer of JSON, where names do not count. */
export function redactTexts<Answer>(answer: Answer): Answer {
  return redactParts(answer as Json) as Answer;
}

export function redactNamed(name: string, value: Json): Json {
  return isSecretName(name) && !isHarmless(name, value) ? REDACTED : redactJson(value);
}

/** `isSample`: the JSON describes a secret, so its samples are secret. */
function redactMembers(json: Json, isSample: boolean): Json {
  if (typeof json !== 'object' || json === null) return redactParts(json);
  if (Array.isArray(json))
    return isEntries(json) ? redactEntries(json) : json.map((part) => redactMembers(part, isSample));
  if (json[TAG] === 'bytes') return redactBytes(json);
  if (json[TAG] === 'map' && Array.isArray(json[VALUE]))
    return { ...json, [VALUE]: redactEntries(json[VALUE]) };
  const labelled = LABELS.some((label) => typeof json[label] === 'string' && isSecretName(json[label]));
  const isOfSecret = isSample || labelled;
  return fromEntries(json, (name, part) => {
    if (isOfSecret && SAMPLES.has(name)) return isHarmless(name, part) ? part : REDACTED;
    if (labelled && name === 'schema') return redactMembers(part, true);
    if (name === 'properties') return redactProperties(part, isOfSecret);
    return isSecretName(name) && !isHarmless(name, part) ? REDACTED : redactMembers(part, isSample);
  });
}

/** In a JSON Schema, a property named like a secret loses only its samples. Other data may have such a name, too. */
function redactProperties(json: Json, isSample: boolean): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return redactMembers(json, isSample);
  return fromEntries(json, (name, part) => {
    if (!isSecretName(name) || isHarmless(name, part)) return redactMembers(part, isSample);
    const isSchema =
      typeof part === 'object' && part !== null && SCHEMA_WORDS.some((word) => Object.hasOwn(part, word));
    return isSchema ? redactMembers(part, true) : REDACTED;
  });
}

/** Whether a list has pairs of a text and a value, like `Object.entries`. */
function isEntries(json: readonly Json[]): boolean {
  return (
    json.length > 0 &&
    json.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string')
  );
}

function redactEntries(pairs: readonly Json[]): Json {
  return pairs.map((pair) => {
    if (!Array.isArray(pair)) return redactJson(pair);
    const [name, value = null] = pair;
    const shown = typeof name === 'string' ? redactNamed(name, value) : redactJson(value);
    return [redactJson(name ?? null), shown];
  });
}

/** Bytes are shown as base64, in which a text cannot be redacted. */
function redactBytes(json: { [key: string]: Json }): Json {
  const bytes = typeof json[VALUE] === 'string' ? fromBase64(json[VALUE]) : undefined;
  const text = bytes && new TextDecoder().decode(bytes);
  return text === undefined || redactText(text) === text ? json : { ...json, [VALUE]: REDACTED };
}

/** Without a secret, the same object is returned: answers are large. */
function redactParts(json: Json): Json {
  if (typeof json === 'string') return redactText(json);
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) {
    let parts: Json[] | undefined;
    for (const [at, part] of json.entries()) {
      const shown = redactParts(part);
      if (shown !== part) (parts ??= [...json])[at] = shown;
    }
    return parts ?? json;
  }
  let shownJson: { [key: string]: Json } | undefined;
  // JSON inherits no members, and a list of names would cost as much as testing all texts.
  for (const name in json) {
    const shown = redactParts(json[name]!);
    if (shown === json[name]) continue;
    shownJson ??= { ...json };
    Object.defineProperty(shownJson, name, { value: shown });
  }
  return shownJson ?? json;
}

/** The member is not set by assignment: a name may be `__proto__`. */
function fromEntries(
  json: Readonly<Record<string, Json>>,
  redact: (name: string, part: Json) => Json,
): { [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(json).map(([name, part]): [string, Json] => [redactText(name), redact(name, part)]),
  );
}

/** Secrets by form: user parts of addresses, keys of well-known services, tokens (JWT), private keys. */
const FORMS = [
  // The user part reaches up to the last `@`, as passwords may be unencoded. A port has a path after it.
  /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@:"'<>]{0,200}:(?!\d{1,5}[/?#])[^\s"'<>]{1,1000}(?=@)/gi,
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_][\w-]{8,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bnpm_\w{30,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bxox[abeprs]-[\w-]{10,}|\bwhs(?:ec|k)_[\w+/=-]{16,}|\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
];
const BEARER = /\b(Bearer|Basic|bearer|basic|BEARER|BASIC)([ \t]+)([\w.~+/=-]{4,})/g;
const SHORTEST = 5;
const PREFIXES = HASH_KINDS.map((kind) => `${kind}:`);
/** Each form of a secret has one of these signs, or a capital letter. */
const SIGNS = [':', '=', '_', '-', ' ', '\t'];
/** Each secret has one of these texts. Most texts have no such sign, so they cost one test. */
const MAY_HAVE_SECRET = /[=:_]|--|\b(?:bearer|basic|AKIA|ASIA|AIza|eyJ|xox|glpat|[spr]k-)/i;

/** A placeholder in our messages about the form of addresses. */
const PLACEHOLDER = 'USER:PASSWORD';

/** Redacts `password=…`, `Bearer …`, `postgres://user:…@host`. */
export function redactText(text: string): string {
  if (text.length < SHORTEST || isHash(text) || !MAY_HAVE_SECRET.test(text)) return text;
  let shown = text;
  for (const form of FORMS)
    shown = shown.replace(form, (found) => (found === PLACEHOLDER ? found : REDACTED));
  shown = shown.replace(BEARER, (all, scheme: string, space: string, token: string) =>
    isToken(scheme, token) ? `${scheme}${space}${REDACTED}` : all,
  );
  return redactPairs(shown);
}

/** The form of our hashes without any sign of a secret. Records have many hashes, so digits are not checked. */
function isHash(text: string): boolean {
  const begin = text.length - HASH_DIGITS;
  if (!PREFIXES.some((prefix) => prefix.length === begin && text.startsWith(prefix))) return false;
  for (const sign of SIGNS) if (text.includes(sign, begin)) return false;
  return text === text.toLowerCase();
}

/** Whether the text is a token; false for words of a sentence, such as `Basic authentication` or `the bearer must`. */
function isToken(scheme: string, token: string): boolean {
  if (
    /^(?:auth\w*|tokens?|schemes?|headers?|credentials?|realm|challenge|required|missing)[.,:;]*$/i.test(
      token,
    )
  )
    return false;
  const isWord = /^[A-Za-z]?[a-z]*[.]?$/.test(token);
  return (
    !isWord || (/^B/.test(scheme) && /^[Bb]earer/i.test(scheme) && token.length >= 6) || token.length >= 20
  );
}

/** A name with its separator: `password=`, `"password": `, `--password `. */
const NAME =
  /(?<![\w$])(?:--([a-z][\w-]{0,60})([ \t]+)(?![-\s])|([A-Za-z_$][\w.$-]{0,99})(\\{0,8}["'`]?\]?[ \t]*(?:=>|:=|:|=)[ \t]*))/gi;
/** A value without quotes reaches up to a blank or a sign that ends it, without punctuation at its end. */
const UNQUOTED = /[^\s;&"'`<>]+/y;
const ENDS = new Set(',.(){}[]|');
const CREDENTIALS = /(?:(?:bearer|basic|digest|token|negotiate|apikey|aws4[\w-]*)[ \t]+)?[^\s"'`]+/iy;
const LINE = /[^\r\n"'`]+/y;
const QUOTE = /\\{0,8}["'`]/y;
/** Placeholders in place of a value. */
const NO_VALUE =
  /^(?:true|false|null|undefined|none|nil|\*+|x{3,}|•+|\.{3}|…|\[redacted\].*|\(redacted\)|\(hidden\)|<.*|\$\{?[A-Z_][A-Z0-9_]*\}?|%[a-z])$/i;
const PROSE =
  /^(?:an?|the|is|was|are|were|be|must|may|should|can|cannot|could|not|no|too|of|for|in|on|to|has|have|had|does|do|did|expected|required|missing|invalid|incorrect|wrong|failed|denied|expired|unknown|unexpected|authentication|string|number|boolean|object|if|it|this|that|and|or)[.,:;!]*$/i;

function redactPairs(text: string): string {
  let shown = '';
  let done = 0;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found; found = NAME.exec(text)) {
    const name = (found[1] ?? found[3])!;
    if (!isSecretName(name)) continue;
    const begin = NAME.lastIndex;
    const { inner, end, closing } = valueAt(text, begin, name, (found[2] ?? found[4])!);
    if (end === begin) continue;
    shown += text.slice(done, inner) + REDACTED + closing;
    done = end;
    NAME.lastIndex = end;
  }
  return shown + text.slice(done);
}

interface Found {
  /** Begin of the secret, after an opening quote. */
  readonly inner: number;
  /** The end of the secret, after the closing quote. The end equals the beginning if there is no secret. */
  readonly end: number;
  readonly closing: string;
}

function valueAt(text: string, begin: number, name: string, separator: string): Found {
  const none: Found = { inner: begin, end: begin, closing: '' };
  const upTo = (end: number): Found => ({ inner: begin, end, closing: '' });
  const quote = matchAt(QUOTE, text, begin);
  if (quote !== '') {
    const found = quoted(text, begin + quote.length, quote);
    return NO_VALUE.test(text.slice(found.inner, found.end - found.closing.length)) ? none : found;
  }
  if (text.startsWith(REDACTED, begin) || text[begin] === '=') return none;
  if (text[begin] === '{' || text[begin] === '[') {
    const end = endOfBrackets(text, begin);
    return isHarmlessText(name, text.slice(begin, end)) ? none : upTo(end);
  }
  const parts = wordsOf(name);
  const last = parts.at(-1);
  const isHeader = separator.includes(':') && (last === 'authorization' || last === 'cookie');
  const form = !isHeader ? UNQUOTED : last === 'cookie' ? LINE : CREDENTIALS;
  const value = trimmed(matchAt(form, text, begin));
  if (value === '' || NO_VALUE.test(value) || value.startsWith('//') || isHarmlessText(name, value))
    return none;
  // A sentence may say other things about a password.
  if (/^:[ \t]*$/.test(separator)) {
    const isSure = isHeader || /\d/.test(value) || value.length >= 16 || STRONG.test(parts.join(' '));
    if (!isSure || PROSE.test(value)) return none;
  }
  return upTo(begin + value.length);
}

function isHarmlessText(name: string, text: string): boolean {
  try {
    return isHarmless(name, JSON.parse(text) as Json);
  } catch {
    return false;
  }
}

/** Without a closing quote the text was cut, or the quote is an apostrophe: the secret ends with the line. */
function quoted(text: string, inner: number, quote: string): Found {
  for (let at = text.indexOf(quote, inner); at !== -1; at = text.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (at - escapes > inner && text[at - escapes - 1] === '\\') escapes += 1;
    // An escaped quote belongs to the secret, also in a text within a text.
    if (quote.length === 1 ? escapes % 2 === 0 : escapes === 0)
      return { inner, end: at + quote.length, closing: quote };
  }
  const line = text.indexOf('\n', inner);
  return { inner, end: line === -1 ? text.length : line, closing: '' };
}

/** The position after the closing bracket, or the end of the text. Brackets in texts do not count. */
function endOfBrackets(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    else if (sign === '"') at = quoted(text, at + 1, '"').end - 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function trimmed(value: string): string {
  let end = value.length;
  while (end > 0 && ENDS.has(value[end - 1]!)) end -= 1;
  return value.slice(0, end);
}

function matchAt(form: RegExp, text: string, at: number): string {
  form.lastIndex = at;
  return form.exec(text)?.[0] ?? '';
}
