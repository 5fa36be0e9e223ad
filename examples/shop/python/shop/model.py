"""Which sales of a day are unlike the others."""

import pandas as pd
from selvage import knot


@knot
def judge(sales: pd.DataFrame) -> pd.DataFrame:
    """How far each country's revenue for an article is from what it sells of it elsewhere, in standard deviations."""
    revenue = sales["revenue"].astype("float64")
    by_article = revenue.groupby(sales["article"])
    spread = by_article.transform("std").fillna(0.0)
    distance = (revenue - by_article.transform("mean")) / spread.where(spread > 0, 1.0)
    return pd.DataFrame({"country": sales["country"], "article": sales["article"], "distance": distance.round(6)})
