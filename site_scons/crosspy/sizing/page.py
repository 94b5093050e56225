"""report.html: one page that needs nothing else, not even a network. Its markup, style and scripts lie beside this file."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("report.html", "report.css", "treemap.js", "report.js")
_MARK = re.compile(r"@(report\.css|treemap\.js|report\.js|sizes\.json)@")


def render(sizes: Mapping) -> str:
    """Return the page for the content of a sizes.json."""
    texts = {name: HERE.joinpath(name).read_text("utf-8") for name in PARTS}
    # "</script>" and "<!--" in the name of a symbol must not end the data.
    texts["sizes.json"] = json.dumps(sizes, separators=(",", ":")).replace("<", "\\u003c")
    return _MARK.sub(lambda mark: texts[mark[1]], texts["report.html"])
