"""Whether a module could be imported at all, and which modules an import statement names."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from .importgraph import Facts, Import


def below(name: str, package: str) -> bool:
    """Say whether a module is a package or lies in it."""
    return name == package or name.startswith(package + ".")


class Availability:
    """facts: all modules with source.  extensions: extension module -> why it cannot be had, or empty.

    present: modules that every interpreter has.  exclude: modules that were taken away.
    """

    def __init__(self, facts: Mapping[str, Facts], extensions: Mapping[str, str], present: Collection[str], exclude: Collection[str]):
        self.facts, self.extensions, self.present, self.exclude = facts, extensions, present, exclude
        self.provided = self._provided()
        self.reasons: dict[str, str] = {}

    def _provided(self) -> dict[str, str]:
        """Return names that a module puts into sys.modules (``os.path``) -> the module behind them, or who puts them there."""
        found = {}
        for name, facts in self.facts.items():
            for alias in facts.provides:
                if alias not in self.facts:
                    last = alias.rpartition(".")[2]
                    behind = [item.module for item in facts.imports if item.module.endswith(last) and not item.inside]
                    found[alias] = behind[0] if behind else name
        return found

    def why_not(self, name: str) -> str:
        """Return why a module cannot be imported, or an empty string."""
        if name not in self.reasons:
            self.reasons[name] = ""  # of modules that import each other, one comes first
            self.reasons[name] = self._why_not(name)
        return self.reasons[name]

    def _why_not(self, name: str) -> str:
        gone = next((gone for gone in self.exclude if below(name, gone)), "")
        if gone:
            return f"excluded by exclude={gone}"
        if name in self.present:
            return ""
        if name in self.provided:
            return self.why_not(self.provided[name])
        if name in self.extensions:
            return self.extensions[name]
        if name not in self.facts:
            return "there is no such module"
        if error := self.facts[name].error:
            return f"{self.facts[name].path}:{error[0]}: {error[3]}"
        parent = name.rpartition(".")[0]
        if parent and (reason := self.why_not(parent)):
            return reason
        for item in self.facts[name].imports:
            if item.inside or item.optional or item.when or item.main or item.maybe:
                continue
            for target in self.targets(name, item):
                reason = self.why_not(target)
                if reason and not any(below(target, gone) for gone in self.exclude):
                    return reason if ": " in reason or " imports " in reason else f"it imports {target}, and {target}: {reason}"
        return ""

    def targets(self, name: str, item: Import) -> Iterator[str]:
        """Yield the modules that an import brings in: each package on the way, and names that are submodules."""
        facts = self.facts.get(name)
        if item.module.startswith("."):  # beyond the top, or in a file that is in no package
            yield item.module
            return
        words = item.module.split(".")
        for count in range(1, len(words) + 1):
            target = ".".join(words[:count])
            if target != name and not (facts and target in facts.provides and target in self.facts):
                yield target
        names = item.names
        package = self.facts.get(item.module)
        if "*" in names and package:
            names = package.exports
        for inner in names:
            target = f"{item.module}.{inner}"
            if (target in self.facts or target in self.extensions) and target != name and not (facts and target in facts.provides):
                yield target
