"""What the report says of interactions comes from the resources that the results were made with."""

from __future__ import annotations

import pandas as pd
import pytest

from commscore.kinds._base import StoredResult
from commscore.report._evidence import collect


def stored(name, *interactions):
    table = pd.DataFrame({"interaction": interactions})
    return StoredResult(key="commscore", kind="score", tables={"table": table}, params={}, resource={"name": name})


@pytest.mark.parametrize(
    ("names", "resource", "told"),
    [
        (["breast"], "breast", {"CXCL12^CXCR4"}),
        (["breast+general"], "breast+general", {"CXCL12^CXCR4", "CXCL9^CXCR3"}),
        (["general", "breast"], "breast+general", {"CXCL12^CXCR4", "CXCL9^CXCR3"}),
        (["mine.csv"], "breast", {"CXCL12^CXCR4"}),
        (["breast+liana:consensus"], "breast", {"CXCL12^CXCR4"}),
    ],
)
def test_evidence_is_that_of_the_shipped_resources_of_the_results(names, resource, told):
    evidence = collect([stored(name, "CXCL12^CXCR4", "CXCL9^CXCR3") for name in names], None)
    assert evidence.resource.name == resource
    assert set(evidence.table["interaction"]) == told
