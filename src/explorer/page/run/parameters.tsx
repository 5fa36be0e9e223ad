import type { JSX } from 'preact';
import { shownText } from '../shown-text';
import { HashChip } from '../ui/chip';
import { Empty } from '../ui/states';
import { ValuePreview } from '../value/value-preview';
import type { RunModel } from './run-model';
import { useRunChanges } from './use-run-changes';

/** The run's parameters and results. */
export function Parameters({
  run,
  model,
  onSelect,
}: {
  run: string;
  model: RunModel;
  onSelect: (id: string) => void;
}): JSX.Element {
  useRunChanges(model);
  const all = model.knots.map((knot, index) => ({ knot, state: model.states[index] }));
  const given = all.filter(({ knot }) => knot.kind === 'parameter');
  const terminals = all.filter(({ knot }) => knot.terminals !== undefined);
  const list = (those: typeof all, name: (one: (typeof all)[number]) => string): JSX.Element[] =>
    those.slice(0, 60).map((one) => (
      <section key={one.knot.id} class="knot-section">
        <header>
          <h3>
            <button type="button" class="tag mono" onClick={() => onSelect(one.knot.id)}>
              {shownText(name(one))}
            </button>
          </h3>
          {one.state?.outputHash !== undefined && <HashChip hash={one.state.outputHash} run={run} />}
        </header>
        {one.state?.outputHash === undefined ? (
          <p class="muted">No value.</p>
        ) : (
          <ValuePreview hash={one.state.outputHash} run={run} height={200} />
        )}
      </section>
    ));
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
