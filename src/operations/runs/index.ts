import { cancel } from './cancel';
import { compare } from './compare';
import { explain } from './explain';
import { grid } from './grid';
import { list } from './list';
import { previewResume } from './preview-resume';
import { resume } from './resume';
import { show } from './show';
import { signal } from './signal';
import { start } from './start';
import { terminate } from './terminate';
import { waiting } from './waiting';

export const runs = [
  cancel,
  compare,
  explain,
  grid,
  list,
  previewResume,
  resume,
  show,
  signal,
  start,
  terminate,
  waiting,
] as const;
