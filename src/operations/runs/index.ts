import { cancel } from './cancel';
import { previewResume } from './preview-resume';
import { resume } from './resume';
import { signal } from './signal';
import { start } from './start';
import { terminate } from './terminate';
import { waiting } from './waiting';

export const runs = [cancel, previewResume, resume, signal, start, terminate, waiting] as const;
