"""The whole of the tests runs in two processes, since most of them use one processor; what is named runs in one, where it can be watched."""
import os

import pytest
from twoprocesses import group


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Say how many processes -n auto means: two for all tests, where there are two processors."""
    return 2 if config.args_source is config.ArgsSource.TESTPATHS and len(os.sched_getaffinity(0)) > 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a group together, in their order."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid.partition("::")[0])
    return Grouped(config, log)
