"""The builds of tests/e2e, whose fixtures these tests share."""
import importlib.util
import sys
from pathlib import Path

E2E = Path(__file__).resolve().parents[1] / "e2e"
if str(E2E) not in sys.path:
    sys.path.insert(0, str(E2E))
_spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

main, built, place, room = _shared.main, _shared.built, _shared.place, _shared.room
pytest_collection_modifyitems = _shared.pytest_collection_modifyitems
