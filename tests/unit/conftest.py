"""Unit tests import crosspy from the checkout."""
import sys
from pathlib import Path

SITE_SCONS = str(Path(__file__).resolve().parents[2] / "site_scons")
if SITE_SCONS not in sys.path:
    sys.path.insert(0, SITE_SCONS)
