import { layoutPicture } from '../../../visualisation/layout';
import type { LayoutAnswer, LayoutRequest } from './lay-out';

/** The entry of a Web Worker, bundled as a file of its own. */
addEventListener('message', ({ data }: MessageEvent<LayoutRequest>) => {
  const { id, graph, closed } = data;
  let answer: LayoutAnswer;
  try {
    answer = { id, picture: layoutPicture(graph, { closed }) };
  } catch (error) {
    answer = { id, failure: String(error) };
  }
  postMessage(answer);
});
