"""Every file of a finished build keeps every rule that applies to it, but for what the variant waives with a reason."""
import pytest

from crosspy.inspect import policy


def test_rule(entry, rule, expect):
    _none(policy.judge_entry(entry, expect, (rule,)))


def test_whole(whole_rule, entries, expect):
    _none(policy.judge_whole(entries, expect, (whole_rule,)))


def test_every_waiver_has_a_reason(expect):
    assert [row for row in expect.waivers if not row["reason"].strip()] == []


def _none(findings):
    found = [str(finding) for finding in findings if not finding.waiver]
    if found:
        pytest.fail("\n".join(found), pytrace=False)
