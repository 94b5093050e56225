"""The fuzzing tests damage the samples of the unit tests, and import crosspy from the checkout."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(folder) for folder in (TESTS.parent / "site_scons", TESTS / "unit") if str(folder) not in sys.path]
