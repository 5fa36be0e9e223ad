import type { ObjectFacts } from './bucket';

/** The metadata of an empty object that stands for a large value. */
export function pointerTo(stream: string, size: number): Record<string, string> {
  return { 'selvage-stream': stream, 'selvage-size': String(size) };
}

/** Returns undefined if the object itself has the bytes. */
export function streamOf({ metadata }: ObjectFacts): string | undefined {
  return metadata['selvage-stream'];
}

export function sizeOf({ size, metadata }: ObjectFacts): number {
  return Number(metadata['selvage-size'] ?? size);
}
