import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SelvageError } from '../../errors';
import { folderError } from '../../node/folder-error';
import { STATE_FOLDER, fileMode, makePrivateFolder } from '../../node/private-files';
import type { BulkAction, BulkOutcome, BulkPlan } from './bulk-act';

const FOLDER = 'bulk';
const END = '.jsonl';
const ID = /^[\w-]{1,60}$/;

/** JSON lines: the plan, then outcomes. A crash loses the outcomes of running acts, which can be repeated. */
export class BulkJournal {
  private constructor(private readonly file: string) {}

  static create(projectDir: string, plan: BulkPlan): BulkJournal {
    const file = fileOf(projectDir, plan.id);
    const folder = path.dirname(file);
    try {
      makePrivateFolder(folder);
      writeFileSync(file, `${JSON.stringify(plan)}\n`, { flag: 'wx', mode: fileMode(file) });
    } catch (error) {
      throw folderError(error, folder);
    }
    return new BulkJournal(file);
  }

  /** @throws SelvageError `UnknownBulkAction` */
  static open(
    projectDir: string,
    id: string,
  ): { readonly journal: BulkJournal; readonly plan: BulkPlan; readonly outcomes: readonly BulkOutcome[] } {
    const file = fileOf(projectDir, id);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw unknown(projectDir, id);
      throw error;
    }
    const [plan, ...outcomes] = text.split('\n').flatMap(parsed);
    if (!plan) throw unknown(projectDir, id);
    const journal = new BulkJournal(file);
    // A crash may have left half a line.
    if (!text.endsWith('\n')) appendFileSync(file, '\n');
    return { journal, plan: presentPlan(plan as OldPlan), outcomes: outcomes as BulkOutcome[] };
  }

  static ids(projectDir: string): string[] {
    try {
      return readdirSync(path.join(projectDir, STATE_FOLDER, FOLDER)).flatMap((name) =>
        name.endsWith(END) ? [name.slice(0, -END.length)] : [],
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  add(outcome: BulkOutcome): void {
    appendFileSync(this.file, `${JSON.stringify(outcome)}\n`);
  }
}

type OldPlan = BulkPlan & { readonly act?: BulkAction & { readonly again?: boolean } };

function presentPlan(plan: OldPlan): BulkPlan {
  if (!plan.act) return plan;
  const { act, ...others } = plan;
  const { again, ...action } = act;
  return { ...others, action: { ...action, ...(again !== undefined && { allowDuplicate: again }) } };
}

function parsed(line: string): unknown[] {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}

function fileOf(projectDir: string, id: string): string {
  if (!ID.test(id)) throw unknown(projectDir, id);
  return path.join(projectDir, STATE_FOLDER, FOLDER, `${id}${END}`);
}

function unknown(projectDir: string, id: string): SelvageError {
  return new SelvageError(
    'UnknownBulkAction',
    `There is no bulk act ${JSON.stringify(id)} in ${path.join(projectDir, STATE_FOLDER, FOLDER)}. \`selvage bulk list\` shows those of this project; ` +
      'the same act with the same filters does the rest, too.',
    { details: { bulk: id } },
  );
}
