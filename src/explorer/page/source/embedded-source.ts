import type { ActName, Acts, EmbeddedDocument, QuestionName, Questions, Source } from '../../contract';
import { DOCUMENT_ID } from '../router';
import { answerFrom, notInFile } from './answer-from-document';

/** Answers from the document in a standalone file. This source cannot act, and its data never changes. */
export class EmbeddedSource implements Source {
  constructor(private readonly document: EmbeddedDocument) {}

  async ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer']> {
    return await Promise.resolve(answerFrom(this.document, name, ask));
  }

  async act<Name extends ActName>(name: Name): Promise<Acts[Name]['answer']> {
    return await Promise.reject(notInFile(`${name} needs the server of \`selvage ui\`.`));
  }

  async tableFile(): Promise<Blob> {
    return await Promise.reject(notInFile('The file of a table needs the server of `selvage ui`.'));
  }

  live(): () => void {
    return () => undefined;
  }
}

export async function readEmbeddedDocument(): Promise<EmbeddedDocument | undefined> {
  const element = document.getElementById(DOCUMENT_ID);
  if (!element) return undefined;
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (unit) => unit.charCodeAt(0));
  const text = await new Response(
    new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')),
  ).text();
  return JSON.parse(text) as EmbeddedDocument;
}
