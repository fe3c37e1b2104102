"""Counts of problems, and their order."""

from fcn_plugin.data.problems import KINDS, Problem
from fcn_plugin.datatools.check.findings import KEPT, Findings


def test_errors_come_first_then_the_table_s_order():
    findings = Findings()
    for kind in reversed(KINDS):
        findings.add([Problem(kind, "a.png", "x")])
    kinds = [kind for kind, _, _ in findings]
    errors = [kind for kind in KINDS if KINDS[kind].severity == "error"]
    assert kinds == [*errors, *(kind for kind in KINDS if kind not in errors)]
    assert findings.count("error") == len(errors)
    assert findings.count("warning") == len(KINDS) - len(errors)


def test_all_are_counted_and_the_first_thousand_kept():
    findings = Findings()
    findings.add(Problem("unknown id", f"{i}.png", "x") for i in range(KEPT + 3))
    ((kind, count, kept),) = findings
    assert (kind, count) == ("unknown id", 1003)
    assert [problem.path for problem in kept] == [f"{i}.png" for i in range(1000)]
    assert findings.count("error") == 1003
