import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { nodeSha256 } from '../node/node-sha256';
import { isContentHash, isSealedName } from '../ports/parts/content-hash';
import { SelvageError } from '../errors';
import { lineageRecordSchema, runRecordSchema, storedPlanSchema } from '../ports';

/**
 * A capsule is an HTML page with a block of data: JSON, gzip, base64. The block's attributes state format, length
 * and kind: an older version refuses a newer format by name, and nothing longer than stated is unpacked.
 *
 * The fingerprint covers all data; records cover values, and runs cover plans, by hashes. Somebody who changes the
 * whole file can make new hashes, so the fingerprint is shown for comparison with the writer's. Format 1 has no
 * fingerprint.
 */
const CAPSULE_FORMAT = 2;

/** Limit for the unpacked data, in bytes. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

const OPENING = '<script type="application/octet-stream" id="selvage-capsule"';
const CLOSING = '</script>';
const ATTRIBUTES = /^ data-format="(\d{1,9})" data-bytes="(\d{1,12})" data-sha256="([0-9a-f]{64})">/;
const HEAD_LENGTH = 200;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const hash = z.string().refine((text) => isContentHash(text) && !isSealedName(text));

/** Reasons for a value's absence. */
export const ABSENCES = [
  'NotKept',
  'Redacted',
  'ValueMissing',
  'ValueDamaged',
  'SubjectForgotten',
  'KeyMissing',
  'BackendUnavailable',
] as const;

const absentSchema = z.object({
  hash,
  /** Size of the value in bytes; null if unknown. */
  size: z.number().nullable(),
  code: z.enum(ABSENCES),
  reason: z.string(),
  /** For a partly redacted value: canonical JSON with `{"$type":"redacted"}` in place of the redacted parts. */
  rest: z.string().optional(),
});

const valueSchema = z.object({
  hash,
  text: z.string().optional(),
  base64: z.string().optional(),
});

const documentSchema = z.object({
  format: z.int().min(1).max(CAPSULE_FORMAT),
  madeAt: z.number(),
  madeBy: z.object({ selvage: z.string(), node: z.string(), platform: z.string() }),
  /** Temporal run id of the captured run; its knots started the other runs. */
  run: z.string(),
  runs: z.array(runRecordSchema).min(1),
  records: z.array(lineageRecordSchema),
  plans: z.array(storedPlanSchema),
  values: z.array(valueSchema),
  absent: z.array(absentSchema),
  /** The redactions, as the writer gave them. */
  redacted: z.array(z.string()),
  /** SHA-256 of the page around the block, since format 2. */
  page: z.string().optional(),
  /** SHA-256 of all JSON before this field, since format 2. */
  fingerprint: z.string().optional(),
});

type CapsuleDocument = z.infer<typeof documentSchema>;
export type CapsuleContent = Omit<CapsuleDocument, 'format' | 'page' | 'fingerprint'>;
export type AbsentValue = z.infer<typeof absentSchema>;
export type CapsuleValue = z.infer<typeof valueSchema>;

/**
 * Puts the data of a capsule into a page. The block has no character with a meaning in HTML.
 *
 * @throws SelvageError `CapsuleTooLarge`
 */
export function packCapsule(
  content: CapsuleContent,
  page: string,
): { readonly html: string; readonly fingerprint: string } {
  // The content stands after everything that the page consists of.
  const end = page.lastIndexOf('</body>');
  const [before, after] = [page.slice(0, end), `\n${page.slice(end)}`];
  const covered = JSON.stringify({ format: CAPSULE_FORMAT, ...content, page: nodeSha256(before + after) });
  const fingerprint = fingerprintOf(covered);
  const json = Buffer.from(covered.slice(0, -1) + tailOf(fingerprint));
  if (json.byteLength > MAX_UNPACKED_BYTES) {
    throw new SelvageError(
      'CapsuleTooLarge',
      `The capsule of run "${content.runs[0]!.run_id}" would have ${json.byteLength} bytes of data, and at most ${MAX_UNPACKED_BYTES} can be read again. ` +
        'Keep less of its values: --max-total, --max-value, --no-values.',
      { details: { bytes: json.byteLength, limit: MAX_UNPACKED_BYTES } },
    );
  }
  const attributes = `data-format="${CAPSULE_FORMAT}" data-bytes="${json.byteLength}" data-sha256="${nodeSha256(json)}"`;
  const block = `${OPENING} ${attributes}>${gzipSync(json, { level: 9 }).toString('base64')}${CLOSING}`;
  return { html: `${before}${block}${after}`, fingerprint };
}

const fingerprintOf = (covered: string): string => `sha256:${nodeSha256(covered)}`;

/** The end of JSON with a fingerprint, which the fingerprint does not cover. */
const tailOf = (fingerprint: string): string => `,"fingerprint":"${fingerprint}"}`;

/**
 * @param file the file's name in messages
 * @throws SelvageError `CapsuleDamaged`, `CapsuleTooNew`, `CapsuleTooLarge`
 */
export function unpackCapsule(text: string, file: string): CapsuleDocument {
  // Take the last opening: similar text before it comes from the run.
  const at = text.lastIndexOf(OPENING);
  if (at === -1) throw damaged(file, 'it has no data of a run: it is another file, or was cut off');
  const begin = at + OPENING.length;
  const attributes = ATTRIBUTES.exec(text.slice(begin, begin + HEAD_LENGTH));
  if (!attributes) throw damaged(file, 'what it says of its data was changed or cut off');
  const [head, format, bytes, sha256] = attributes as unknown as [string, string, string, string];
  if (Number(format) > CAPSULE_FORMAT) {
    throw new SelvageError(
      'CapsuleTooNew',
      `${file} is a capsule of format ${format}, and this version of Selvage reads formats up to ${CAPSULE_FORMAT}. Read it with the version that made it, or a newer one.`,
      { details: { file, format: Number(format), known: CAPSULE_FORMAT } },
    );
  }
  const end = text.indexOf(CLOSING, begin);
  if (end === -1) throw damaged(file, 'it was cut off in its data');
  const json = unpacked(text.slice(begin + head.length, end), { file, length: Number(bytes), sha256 });
  const document = parsed(json, Number(format), file);
  const around = text.slice(0, at) + text.slice(end + CLOSING.length);
  if (document.page !== undefined && nodeSha256(around) !== document.page)
    throw damaged(file, 'the page around its data was changed');
  return document;
}

function unpacked(
  base64: string,
  { file, length, sha256 }: { readonly file: string; readonly length: number; readonly sha256: string },
): string {
  if (length > MAX_UNPACKED_BYTES) {
    throw new SelvageError(
      'CapsuleTooLarge',
      `The data of ${file} says that it has ${length} bytes, and at most ${MAX_UNPACKED_BYTES} are read. Make a smaller capsule of the run.`,
      { details: { file, bytes: length, limit: MAX_UNPACKED_BYTES } },
    );
  }
  if (!BASE64.test(base64)) throw damaged(file, 'its data was changed');
  let json: Buffer;
  try {
    json = gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength: Math.max(1, length) });
  } catch (cause) {
    throw damaged(file, 'its data does not unpack to what it says', cause);
  }
  if (json.byteLength !== length || nodeSha256(json) !== sha256)
    throw damaged(file, 'its data is not what it was when it was made');
  return json.toString('utf8');
}

function parsed(json: string, format: number, file: string): CapsuleDocument {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw damaged(file, 'its data is no JSON', cause);
  }
  const { success, data, error } = documentSchema.safeParse(value);
  if (!success) {
    const [issue] = error.issues;
    throw damaged(file, `its data is malformed at ${issue?.path.join('.') ?? 'the root'}`, error);
  }
  if (data.format !== format) throw damaged(file, 'its data is of another format than the file says');
  if (format === 1) {
    const { page: _page, fingerprint: _fingerprint, ...content } = data;
    return content;
  }
  // Compare the text: JSON may have a name twice, and the schema drops unknown fields.
  const tail = tailOf(data.fingerprint ?? '');
  const isAsMade =
    data.page !== undefined &&
    json.endsWith(tail) &&
    fingerprintOf(`${json.slice(0, -tail.length)}}`) === data.fingerprint;
  if (!isAsMade) throw damaged(file, 'its data does not have the fingerprint that it had when it was made');
  return data;
}

export function damaged(file: string, what: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'CapsuleDamaged',
    `${file} cannot be read as a capsule: ${what}. Get it again from where it was made, or make a new one: \`selvage capsule create RUN\`.`,
    { details: { file }, ...(cause !== undefined && { cause }) },
  );
}
