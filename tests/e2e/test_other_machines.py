"""Machines of another word size and byte order: each starts, computes and keeps its bytes in order. The nightly run shows all of them in full."""
import json

import pytest
from built import BRIEFLY, QUICK


@pytest.mark.parametrize("other", BRIEFLY)
def test_it_builds_without_a_finding_and_works(built, other):
    build = built(other, QUICK, flavour="+optimize-debug")
    assert json.loads((build.folder / "inspect.json").read_text("utf-8"))["findings"] == []
    build.smoke()
