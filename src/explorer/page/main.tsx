import { render } from 'preact';
import { about, renewAbout, setSource, source } from './app';
import { Frame } from './frame';
import { startKeys } from './keys';
import { startLive, startPolling } from './live';
import { basePath, setFirstPlace, startRouter } from './router';
import { EmbeddedSource, readEmbeddedDocument } from './source/embedded-source';
import { HttpSource, RECONNECT } from './source/http-source';
import { asSourceError } from './source/source-error';
import { startScheme } from './ui/scheme';
import { ErrorBox } from './ui/states';
import { backOff } from '../../values/back-off';
// The style sheet includes the styles of late chunks, as the bundler does not load those with their code.
import './page.css';
import './graph/graph.css';
import './timeline/timeline.css';
import './run/run.css';
import './compare/compare.css';
import './value/value.css';

const ABOUT_MS = 10_000;
const CONNECTING_MS = 1_500;

/** The server may be reached after the page was loaded, and the tapestries' file may change. */
function keepAbout(): void {
  const isConnected = about.peek().serverState === 'connected';
  setTimeout(
    () => void (document.hidden ? Promise.resolve() : renewAbout()).then(keepAbout),
    isConnected ? ABOUT_MS : CONNECTING_MS,
  );
}

async function start(): Promise<void> {
  const embedded = await readEmbeddedDocument();
  setSource(embedded ? new EmbeddedSource(embedded) : new HttpSource(basePath), embedded !== undefined);
  if (embedded?.run) setFirstPlace({ page: 'run', run: embedded.run.run.runId });
  else if (embedded?.tapestry) setFirstPlace({ page: 'tapestry', tapestry: embedded.tapestry.name });
  const first = await source().ask('project.about', {});
  about.value = first;
  if (first.abilities.live) startLive(first.position);
  else if (!embedded) startPolling();
  if (!embedded) keepAbout();
  startRouter();
  startKeys();
}

const root = document.getElementById('page')!;

/** Renders the page once the source has answered; until then, the reason why it has not. */
async function run(): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await start();
      break;
    } catch (error) {
      const failed = asSourceError(error);
      root.textContent = '';
      render(<main>{<ErrorBox error={failed} onRetry={() => location.reload()} />}</main>, root);
      if (failed.code !== 'UiOffline') return;
      await new Promise((resolve) => setTimeout(resolve, backOff(RECONNECT, failures, Math.random())));
    }
  }
  render(<Frame />, root);
}

startScheme();
void run();
