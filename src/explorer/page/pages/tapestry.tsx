import { useState } from 'preact/hooks';
import { about, isFile, mayAct } from '../app';
import { useKeys } from '../keys';
import { useCommands } from '../palette-state';
import { alter, href, type PageProps } from '../router';
import { TapestryGraph } from '../run/tapestry-graph';
import { Button } from '../ui/button';
import { PageHead } from '../ui/page';
import { Empty } from '../ui/states';
import { Tabs } from '../ui/tabs';
import { countWords } from '../words';
import { Grid } from './grid';
import { Partitions } from './partitions';
import { StartDialog } from './start';

/** One tapestry: its knots, its history, and its partitions. */
export function TapestryPage({ place }: PageProps<'tapestry'>) {
  const { tapestry } = place;
  const view = about.value.tapestries.find(({ name }) => name === tapestry);
  const [isStarting, setStarting] = useState(false);
  const hasRuns = !isFile && about.value.abilities.pages.includes('runs');
  const canStart = mayAct() && view !== undefined;
  const start = (): void => setStarting(true);
  useKeys('Tapestry', [{ keys: 's', says: 'Start a run', run: start, when: () => canStart }]);
  useCommands(canStart ? [{ title: `Start ${tapestry}`, run: start }] : []);
  const tabs = [
    ...(view ? [{ id: 'knots', title: 'Knots' }] : []),
    ...(hasRuns ? [{ id: 'grid', title: 'History' }] : []),
    ...(hasRuns && view?.partitioned !== false ? [{ id: 'partitions', title: 'Partitions' }] : []),
  ];
  const chosen = tabs.find(({ id }) => id === place.view)?.id ?? tabs[0]?.id;
  return (
    <>
      <PageHead
        title={tapestry}
        note={
          view &&
          `${countWords(view.graph.knots.length, 'knot')}${view.description === undefined ? '' : ` · ${view.description}`}`
        }
      >
        {hasRuns && (
          <Button icon="list" href={href({ page: 'runs', tapestry })}>
            Runs
          </Button>
        )}
        {canStart && (
          <Button kind="primary" icon="play" onClick={start}>
            Start a run
          </Button>
        )}
      </PageHead>
      <div class="page-body column grow">
        {chosen === undefined ? (
          <Empty icon="tapestry" title="This tapestry is not known here">
            Start the page with the file that has it: <code>selvage ui FILE</code>.
          </Empty>
        ) : (
          <Tabs
            isFilling
            tabs={tabs}
            chosen={chosen}
            label={tapestry}
            onChoose={(view) => alter('tapestry', { view }, { replace: true })}
          >
            {chosen === 'knots' && view && (
              <TapestryGraph
                view={view}
                knot={place.knot}
                onSelect={(knot) => alter('tapestry', { knot }, { replace: true })}
              />
            )}
            {chosen === 'grid' && <Grid tapestry={tapestry} />}
            {chosen === 'partitions' && (
              <Partitions
                tapestry={tapestry}
                state={place.state}
                chosen={place.key}
                onChange={(values) => alter('tapestry', values, { replace: true })}
              />
            )}
          </Tabs>
        )}
      </div>
      {isStarting && <StartDialog tapestry={tapestry} onClose={() => setStarting(false)} />}
    </>
  );
}
