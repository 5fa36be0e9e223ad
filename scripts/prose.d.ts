interface Piece {
  readonly text: string;
  readonly line: number;
}

export function ofTypeScript(text: string, path: string): Piece[];
export function ofPython(text: string): Piece[];
export function ofMarkdown(text: string): Piece[];
export function sentencesOf(text: string): string[];
/** Why the sentence is to be written anew; undefined if it may stay. */
export function complaintOf(sentence: string): string | undefined;
