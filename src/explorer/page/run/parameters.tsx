import { shownText } from '../shown-text';
import { HashChip } from '../ui/chip';
import { Empty } from '../ui/states';
import { ValuePreview } from '../value/value-preview';
import { KnotSection } from './knot-section';
import type { RunModel } from './run-model';
import { useRunChanges } from './use-run-changes';

/** The run's parameters and results. */
export function Parameters(props: { run: string; model: RunModel; onSelect: (id: string) => void }) {
  const { run, model, onSelect } = props;
  useRunChanges(model);
  const all = model.knots.map((knot, index) => ({ knot, state: model.states[index] }));
  const given = all.filter(({ knot }) => knot.kind === 'parameter');
  const terminals = all.filter(({ knot }) => knot.terminals !== undefined);
  const list = (those: typeof all, name: (one: (typeof all)[number]) => string) =>
    those.slice(0, 60).map((one) => {
      const hash = one.state?.outputHash;
      return (
        <KnotSection
          key={one.knot.id}
          title={
            <button type="button" class="tag mono" onClick={() => onSelect(one.knot.id)}>
              {shownText(name(one))}
            </button>
          }
          aside={hash !== undefined && <HashChip hash={hash} run={run} />}
        >
          {hash === undefined ? (
            <p class="muted">No value.</p>
          ) : (
            <ValuePreview hash={hash} run={run} height={200} />
          )}
        </KnotSection>
      );
    });
  if (given.length + terminals.length === 0)
    return <Empty icon="value" title="It has no parameters and names no result" />;
  return (
    <div class="parameters">
      <div>
        <h2>Parameters</h2>
        {given.length === 0 && <p class="muted">It has none.</p>}
        {list(given, ({ knot }) => knot.id.replace(/^param:/u, ''))}
      </div>
      <div>
        <h2>Results</h2>
        {terminals.length === 0 && <p class="muted">It names none.</p>}
        {list(terminals, ({ knot }) => knot.terminals!.join(', '))}
      </div>
    </div>
  );
}
