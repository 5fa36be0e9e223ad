/** Takes out of what a face shows what differs from one time to the next, by the kind of value; names of fields only where a number tells nothing of its kind. */
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { VERSION } from '../../../src/version';

const root = path.resolve(__dirname, '../../..');
const year = new Date().getUTCFullYear();
/** Times of our days; those of other centuries are the project's own. */
const OF_OURS = `(?:${Array.from({ length: 24 }, (_, at) => year - 11 + at).join('|')})`;
const CLOCK = '\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?';
const UNIT = '(?:ms|s|min|h|d|seconds?|minutes?|hours?|days?|months?)';

/** Of this machine. */
const OWN = [
  [VERSION, '<version>'],
  [process.version, '<node>'],
  [process.versions.node, '<node>'],
  [`${process.platform} ${process.arch}`, '<platform>'],
  [`"platform": "${process.platform}"`, '"platform": "<platform>"'],
  [`"${hostname()}"`, '"<machine>"'],
] as const;

/** In this order. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b[0-9a-f]{32}\b/g, '<id>'],
  [/\berr_[0-9a-f]{24}\b/g, '<error id>'],
  // Logs and the fingerprint of a capsule have times in them; the file of a capsule has the page, a backup the pages of databases.
  [/\bbytes-sha256:[0-9a-f]+/g, 'bytes-sha256:<hash>'],
  [/("sha256": ")[0-9a-f]{64}/g, '$1<hash>'],
  [/((?:^|stderr:) {2}Hash +|shows, too: |"fingerprint": ")sha256:[0-9a-f]{64}/gm, '$1<hash>'],
  [/\b1\d{12}_\d+\b|\b\d+_1\d{12}\b/g, '<place>'],
  [/The file has [\d.]+ [KM]iB/g, 'The file has <size>'],
  [/\b\d{5,} bytes/g, '<size> bytes'],
  [/takes [\d.]+ [KM]iB\. Its disk has [\d.]+ [MGT]iB left/g, 'takes <size>. Its disk has <size> left'],
  [/\bprocess \d+/g, 'process <number>'],
  [/\battempt (?:[2-9]|\d\d+)\b/g, 'attempt <number>'],
  [/\bbulk-\w*\d\w*/g, '<bulk id>'],
  // What the ids of runs end with.
  [/-[0-9a-f]{12}\b/g, '-<random>'],
  [
    new RegExp(
      `\\b${OF_OURS}-\\d\\d-\\d\\d(?:[T ](?:${CLOCK}|\\d\\d-\\d\\d-\\d\\d)(?:Z|[+-]\\d\\d:\\d\\d)?)?`,
      'g',
    ),
    '<time>',
  ],
  [new RegExp(`\\b\\w+, \\d+ \\w+ ${OF_OURS}(?: at ${CLOCK})?`, 'g'), '<time>'],
  [/\b(?:1[4-9]|2\d)\d{11}(?:\.\d+)?\b/g, '<time>'],
  // Frames of a stack that are not the project's, with line feeds as JSON has them.
  [/(?:\\n|\n) *at [^\n\\]*?(?:<package>|node:)[^\n\\"]*/g, ''],
  [/\btemporal version [^"\n]*/g, '<version of the program>'],
  [/\btypescript \d+\.\d+\.\d+/g, 'typescript <version>'],
  // What a worker runs at the moment: a body that is tried again and again, or not.
  [/(typescript <version> +<time> +)\d+$/gm, '$1<number>'],
  // Which knots of a run were the slowest.
  [/### Slowest.*?(?=<details>)/gs, ''],
  [/\b\d+\.\d+\.\d+, one copy/g, '<version>, one copy'],
  // A check of a database stops where the machine is too busy.
  [/\bnot looked at to its end \([^)]*\)/g, 'sound'],
  [/^(stderr: )?warning {2,}(?=Database files)/gm, '$1ok  '],
  [/"warning"(?=,\s+"[a-z]+": "[^"]*: sound")/g, '"ok"'],
  [/token=[\w-]+/g, 'token=<token>'],
  [/(127\.0\.0\.1|localhost):[1-9]\d+/g, '$1:<port>'],
  [/\b\d+@[\w.-]+/g, '<worker>'],
  [new RegExp(`\\b\\d+(?:\\.\\d+)? ${UNIT}\\b(?: \\d+ ${UNIT}\\b)?`, 'g'), '<duration>'],
];

/** Fields whose numbers are lengths of time, by the endings of both ways to write a name. */
const IS_DURATION = /(?:^|_)(?:ms|in)$|(?:Ms|In|[dD]uration|_duration)$|^(?:p\d\d|saved|queued|took|age)$/;
/** Fields whose numbers are those of this process and moment. */
const IS_OF_THE_MOMENT = /^(?:pid|processId|port|rate|uptime)$/;

/** Only files are larger: a capsule has the page in it, a database its pages. */
const LARGE_BYTES = 200_000;

/** Not the waits of a knot for a worker, which a busy machine makes. */
function isOfEachTime([name, member]: [string, unknown]): boolean {
  return !(name === 'waits' && JSON.stringify(member).includes('"Queued"'));
}

export class Normaliser {
  private readonly folders: readonly (readonly [string, string])[];
  private readonly timed: RegExp[] = [];

  constructor(project: string) {
    this.folders = [
      [realpathSync(project), '<project>'],
      [project, '<project>'],
      [path.basename(project), '<project>'],
      [root, '<package>'],
    ];
  }

  /** Leaves out a hash of a value that has a time in it, and what is shown of it where there is little room. */
  leaveOut(hash: string): void {
    this.timed.push(new RegExp(`${hash.slice(0, 'sha256:'.length + 15)}[0-9a-f]*`, 'g'));
  }

  /** A JSON document, with an indent. */
  json(value: unknown): string {
    return this.kinds(JSON.stringify(this.fields(value), null, 2));
  }

  /** Lines for people: columns are as wide as what is in them, so that only their order counts. */
  text(text: string): string {
    return this.kinds(text)
      .split('\n')
      .map((line) =>
        line
          .replace(/(?<=\S) {2,}/g, '  ')
          // Numbers that end at one column.
          .replace(/^(stderr:)? +(?=<duration>)/, '$1  ')
          .trimEnd(),
      )
      .join('\n');
  }

  private kinds(text: string): string {
    let shown = text;
    for (const [folder, name] of this.folders) shown = shown.replaceAll(folder, name);
    for (const hash of this.timed) shown = shown.replace(hash, 'sha256:<hash>');
    for (const [kind, name] of KINDS) shown = shown.replace(kind, name);
    for (const [own, name] of OWN) shown = shown.replaceAll(own, name);
    return shown;
  }

  private fields(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.fields(one));
    if (typeof value !== 'object' || value === null) return value;
    const isWorker = 'reportedAt' in value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(isOfEachTime)
        .map(([name, member]) => {
          if (isWorker && name === 'running') return [name, '<number>'];
          if (typeof member === 'number' && IS_DURATION.test(name)) return [name, '<duration>'];
          if (IS_OF_THE_MOMENT.test(name)) return [name, '<number>'];
          if ((name === 'bytes' || name === 'freeBytes' || name === 'size') && Number(member) > LARGE_BYTES)
            return [name, '<size>'];
          if (name === 'attempt' && Number(member) > 1) return [name, '<number>'];
          return [name, this.fields(member)];
        }),
    );
  }
}

/** What the documentation says and what is found first are for its own tests: here, of each field its type. */
export function typesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typesOf);
  if (typeof value !== 'object' || value === null) return `<${typeof value}>`;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typesOf(member)]));
}
