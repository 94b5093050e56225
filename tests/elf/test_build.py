"""Every file of a finished build keeps every rule that applies to it."""
import pytest

from crosspy import policy


def test_rule(entry, rule, expect):
    found = [str(finding) for finding in policy.judge_entry(entry, expect, (rule,))]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_whole(whole_rule, entries, expect):
    found = [f"{path}: {whole_rule.id}: found {found}, expected {wanted}. Fix: {whole_rule.fix}"
             for path, found, wanted in whole_rule.whole(entries, expect)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)
