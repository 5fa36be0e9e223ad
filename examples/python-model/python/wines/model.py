"""178 wines of three growers: the data, and a model that tells the growers apart."""

import pickle
from dataclasses import dataclass

import numpy as np
from selvage import Context, knot
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import cross_val_score


@dataclass
class Wines:
    measurements: list[str]
    rows: list[list[float]]
    growers: list[int]


@dataclass
class Table:
    """What a model learns from, or is asked about."""

    columns: list[str]
    rows: list[list[float]]
    growers: list[int]


@dataclass
class Settings:
    trees: int
    depth: int


@dataclass
class Trial:
    settings: Settings
    accuracy: float


@dataclass
class Score:
    accuracy: float
    confusion: list[list[int]]
    """A row for each grower, a column for each that the model named."""


@knot
def load() -> Wines:
    """The wines, as scikit-learn ships them."""
    data = load_wine()
    return Wines(
        measurements=list(data.feature_names),
        rows=data.data.tolist(),
        growers=data.target.tolist(),
    )


@knot
def cross_validate(settings: Settings, table: Table, ctx: Context) -> Trial:
    """How well a forest of these settings does on wines that it was not shown."""
    folds = cross_val_score(forest(settings), np.array(table.rows), table.growers, cv=5)
    ctx.logger.info("%d trees of depth %d: %.3f", settings.trees, settings.depth, folds.mean())
    return Trial(settings, round(float(folds.mean()), 4))


@knot
def train(settings: Settings, table: Table) -> bytes:
    """A model, pickled: unpickle none that is not from a run of yours."""
    return pickle.dumps(forest(settings).fit(np.array(table.rows), table.growers))


@knot
def score(model: bytes, table: Table) -> Score:
    named = pickle.loads(model).predict(np.array(table.rows))
    return Score(
        accuracy=round(float(accuracy_score(table.growers, named)), 4),
        confusion=confusion_matrix(table.growers, named).tolist(),
    )


def forest(settings: Settings) -> RandomForestClassifier:
    # The same inputs grow the same forest, so that a run that is repeated comes to the same.
    return RandomForestClassifier(n_estimators=settings.trees, max_depth=settings.depth, random_state=7)
