import { cancel } from './cancel';
import { compare } from './compare';
import { explain } from './explain';
import { grid } from './grid';
import { list } from './list';
import { logs } from './logs';
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
  logs,
  previewResume,
  resume,
  show,
  signal,
  start,
  terminate,
  waiting,
] as const;
