import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import type * as Storage from '@aws-sdk/lib-storage';
import { SelvageError } from '../../errors';
import { isConflict, isDenied, isMissing, isNamed, s3Error, statusOf, type S3Location } from './errors';
import type { S3ClientLike } from './options';

/** The facts about an object, without its bytes. */
export interface ObjectFacts {
  readonly size: number;
  /** The size of all of it, where only a range was asked for. */
  readonly wholeSize: number;
  /** Milliseconds since the epoch, in whole seconds, by the server's clock. */
  readonly modifiedAt: number;
  readonly mediaType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Another one after each change. */
  readonly tag: string | undefined;
}

export interface ObjectBody {
  readonly facts: ObjectFacts;
  /** The stream must be read to its end or destroyed, as it holds a connection. */
  readonly bytes: Readable;
}

interface PutOptions {
  readonly mediaType?: string | undefined;
  readonly metadata?: Record<string, string>;
  /** SHA-256 of the bytes in hexadecimal digits, for the server to compare. */
  readonly digest?: string;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: number;
}

/** At most this many requests to S3 at a time, for one call of the store. */
export const PARALLEL_REQUESTS = 32;
/** S3 requires parts of at least 5 MiB, and at most 10,000 of them: this size suffices for 80 GB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

/** The calls on one bucket, with Selvage's errors; the only code that knows the AWS SDK. */
export class S3Bucket {
  readonly place: S3Location;
  readonly #sdk: typeof Sdk;
  readonly #storage: typeof Storage;
  readonly #client: Sdk.S3Client;
  #knowsConditions = true;

  constructor(sdk: typeof Sdk, storage: typeof Storage, client: S3ClientLike, place: S3Location) {
    this.#sdk = sdk;
    this.#storage = storage;
    this.#client = client as unknown as Sdk.S3Client;
    this.place = place;
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    const command = new this.#sdk.HeadObjectCommand(this.#at(key));
    return this.#unlessMissing('look for an object', async () => factsOf(await this.#client.send(command)));
  }

  /** Reads an object from a byte on, up to and without `end`, if it still has the tag. */
  async get(
    key: string,
    start = 0,
    {
      end,
      tag,
      signal,
    }: { readonly end?: number; readonly tag?: string; readonly signal?: AbortSignal } = {},
  ): Promise<ObjectBody | undefined> {
    const last = end === undefined ? '' : String(end - 1);
    const range = start > 0 || end !== undefined ? { Range: `bytes=${start}-${last}` } : {};
    const command = new this.#sdk.GetObjectCommand({ ...this.#at(key), ...range, IfMatch: tag });
    return this.#unlessMissing('read an object', async () => {
      const answer = await this.#client.send(command, { abortSignal: signal });
      return { facts: factsOf(answer), bytes: answer.Body as Readable };
    });
  }

  async put(
    key: string,
    bytes: Uint8Array | string,
    options: PutOptions = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const command = new this.#sdk.PutObjectCommand(this.#putting(key, bytes, options));
    await this.#told('write an object', () => this.#client.send(command, { abortSignal: signal }));
  }

  /** Returns whether this call put the object. A server without such conditions overwrites an existing object. */
  async putIfAbsent(
    key: string,
    bytes: string,
    options: PutOptions = {},
    signal?: AbortSignal,
  ): Promise<boolean> {
    const input = this.#putting(key, bytes, options);
    try {
      const command = new this.#sdk.PutObjectCommand({
        ...input,
        ...(this.#knowsConditions && { IfNoneMatch: '*' }),
      });
      await this.#client.send(command, { abortSignal: signal });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      if (!this.#knowsConditions || (statusOf(error) !== 501 && !isNamed(error, 'NotImplemented')))
        throw this.#error(error, 'write an object');
      this.#knowsConditions = false;
      return this.putIfAbsent(key, bytes, options, signal);
    }
  }

  /** Renews an object's time, on the server; false if the object is missing. Objects over 5 GiB are refused. */
  async renew(key: string, { mediaType, metadata }: ObjectFacts): Promise<boolean> {
    const { bucket } = this.place;
    const command = new this.#sdk.CopyObjectCommand({
      ...this.#at(key),
      CopySource: [bucket, ...key.split('/')].map(encodeURIComponent).join('/'),
      // S3 copies an object onto itself only with new metadata.
      MetadataDirective: 'REPLACE',
      Metadata: metadata,
      ContentType: mediaType,
    });
    const copied = await this.#unlessMissing('renew an object', () => this.#client.send(command));
    return copied !== undefined;
  }

  /** Uploads several parts at once. After an error of the source or of S3, S3 keeps nothing of the upload. */
  async upload(key: string, source: AsyncIterable<Uint8Array>, mediaType: string | undefined): Promise<void> {
    let broken: { readonly error: unknown } | undefined;
    const body = Readable.from(
      (async function* () {
        try {
          yield* source;
        } catch (error) {
          broken = { error };
          throw error;
        }
      })(),
      { highWaterMark: 1 },
    );
    try {
      const params = { ...this.#at(key), Body: body, ContentType: mediaType };
      await new this.#storage.Upload({
        client: this.#client,
        params,
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      }).done();
    } catch (error) {
      if (broken) throw broken.error;
      throw this.#error(error, 'upload a value');
    } finally {
      body.destroy();
    }
  }

  /** Removes an object with all its versions. Throws `BackendUnavailable`, also if versions cannot be removed. */
  async erase(key: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand(this.#at(key));
    const answer = await this.#told('delete an object', () =>
      this.#client.send(command, { abortSignal: signal }),
    );
    // S3 keeps versions, and has only hidden the object.
    if (answer.DeleteMarker || answer.VersionId !== undefined) await this.#eraseVersions(key);
  }

  async #eraseVersions(key: string): Promise<void> {
    try {
      for await (const version of this.#versions(key))
        await this.#client.send(new this.#sdk.DeleteObjectCommand({ ...this.#at(key), VersionId: version }));
    } catch (error) {
      if (!isDenied(error)) throw this.#error(error, 'delete the versions of an object');
      const { bucket } = this.place;
      throw new SelvageError(
        'BackendUnavailable',
        `The object ${key} in the S3 bucket "${bucket}" is deleted, but the bucket keeps versions, and its bytes still exist in them: the ` +
          'credentials do not permit to remove versions, or an object lock holds them. Grant s3:ListBucketVersions and ' +
          's3:DeleteObjectVersion, and delete the value again.',
        { details: { bucket, key } },
      );
    }
  }

  async *#versions(key: string): AsyncGenerator<string | undefined> {
    let after: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await this.#client.send(
        new this.#sdk.ListObjectVersionsCommand({ Bucket: this.place.bucket, Prefix: key, ...after }),
      );
      for (const version of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
        if (version.Key === key) yield version.VersionId;
      if (!page.IsTruncated) return;
      after = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
  }

  /** At most `limit` (up to 1,000) objects after a key, sorted by key; fewer only if there are no more. */
  async list(prefix: string, after: string, limit = 1_000): Promise<ListedObject[]> {
    const command = new this.#sdk.ListObjectsV2Command({
      Bucket: this.place.bucket,
      Prefix: prefix,
      MaxKeys: limit,
      ...(after !== '' && { StartAfter: after }),
    });
    const answer = await this.#told('list objects', () => this.#client.send(command));
    return (answer.Contents ?? []).map(({ Key, Size, LastModified }) => ({
      key: Key!,
      size: Size ?? 0,
      modifiedAt: LastModified?.getTime() ?? 0,
    }));
  }

  async *listAll(prefix: string): AsyncGenerator<ListedObject> {
    const limit = 1_000;
    for (let after = ''; ;) {
      const page = await this.list(prefix, after, limit);
      yield* page;
      if (page.length < limit) return;
      after = page.at(-1)!.key;
    }
  }

  /** Aborts incomplete uploads below a prefix that began before a time. */
  async abortUploads(prefix: string, before: number): Promise<void> {
    const { bucket } = this.place;
    await this.#told('give up old uploads', async () => {
      const command = new this.#sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix });
      for (const { Key, UploadId, Initiated } of (await this.#client.send(command)).Uploads ?? []) {
        if (!Key?.startsWith(prefix) || (Initiated?.getTime() ?? before) >= before) continue;
        await this.#client.send(new this.#sdk.AbortMultipartUploadCommand({ ...this.#at(Key), UploadId }));
      }
    });
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.place.bucket, Key: key };
  }

  #putting(
    key: string,
    bytes: Uint8Array | string,
    { mediaType, metadata, digest }: PutOptions,
  ): Sdk.PutObjectCommandInput {
    return {
      ...this.#at(key),
      Body: bytes,
      ContentLength: typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength,
      ContentType: mediaType,
      Metadata: metadata,
      ...(digest !== undefined && { ChecksumSHA256: Buffer.from(digest, 'hex').toString('base64') }),
    };
  }

  async #told<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#error(error, action);
    }
  }

  async #unlessMissing<T>(action: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#error(error, action);
    }
  }

  #error(error: unknown, action: string): SelvageError {
    return s3Error(error, action, this.place);
  }
}

function factsOf(
  answer: Sdk.HeadObjectCommandOutput & Pick<Sdk.GetObjectCommandOutput, 'ContentRange'>,
): ObjectFacts {
  const size = answer.ContentLength ?? 0;
  return {
    size,
    wholeSize: Number(answer.ContentRange?.split('/')[1] ?? size),
    modifiedAt: answer.LastModified?.getTime() ?? 0,
    mediaType: answer.ContentType,
    metadata: answer.Metadata ?? {},
    tag: answer.ETag,
  };
}
