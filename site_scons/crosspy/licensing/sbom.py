"""Components -> a CycloneDX bill of materials: the same text for the same build, whenever and wherever it is made."""
from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as Entry
from cyclonedx.model.component import ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from .components import Component

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/docs/1.6/")   # any constant will do: it makes other names than others' do


def document(name: str, target: str, found: Sequence[Component], ways: Mapping[str, Mapping[str, Sequence[str]]], seconds: int) -> str:
    """Return the bill of materials of one build as CycloneDX 1.6 JSON.

    name: of the program, or ``python``.  ways: library -> extension module -> the libraries between the two, as
    components.carriers returns them.  seconds: its time since 1970.
    """
    whole = Entry(name=name, type=ComponentType.APPLICATION, bom_ref=f"build:{name}@{target}", properties=[Property(name="target", value=target)])
    entries = {_ref(one.kind, one.name): _entry(one) for one in found}
    python, *rest = found
    modules = {module: Entry(name=module, bom_ref=f"module:{module}", type=ComponentType.LIBRARY, description="extension module of CPython",
                             licenses=_licenses(python.license))
               for module in sorted({module for one in found for module in one.modules})}
    bom = Bom(components=[*entries.values(), *modules.values()], metadata=BomMetaData(
        component=whole, timestamp=datetime.fromtimestamp(seconds, timezone.utc)))
    needs: dict[str, set[str]] = {module: set() for module in modules}
    for one in found:
        for module in one.modules:
            between = ways.get(one.name, {}).get(module, ())
            if not between:
                needs[module].add(_ref(one.kind, one.name))
    packages = [one for one in rest if one.kind == "package"]
    direct = [entries[_ref(one.kind, one.name)] for one in rest if not one.modules and one not in packages]
    bom.register_dependency(whole, [entries[_ref(one.kind, one.name)] for one in (python, *packages)])
    bom.register_dependency(entries[_ref(python.kind, python.name)], [*direct, *modules.values()])
    for module, refs in needs.items():
        bom.register_dependency(modules[module], [entries[ref] for ref in sorted(refs)])
    for one in rest:   # what it needs is of its own kind
        bom.register_dependency(entries[_ref(one.kind, one.name)], [entries[ref] for other in one.needs if (ref := _ref(one.kind, other)) in entries])
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(SPACE, JsonV1Dot6(bom).output_as_string())
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _ref(kind: str, name: str) -> str:
    return f"{kind}:{name}"


def _entry(one: Component) -> Entry:
    version = "" if " " in one.version else one.version   # "in CPython 3.13.15" is none
    digest = [HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)] if one.sha256 else []
    links = [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(one.homepage))] if one.homepage else []
    if one.url:
        links.append(ExternalReference(type=ExternalReferenceType.SOURCE_DISTRIBUTION, url=XsUri(one.url), hashes=digest))
    return Entry(name=one.name, version=version or None, bom_ref=_ref(one.kind, one.name), type=ComponentType.LIBRARY, hashes=digest,
                 licenses=_licenses(one.license), purl=_purl(one, version), cpe=_cpe(one, version), external_references=links,
                 properties=[*(Property(name="file", value=path) for path in one.files),
                             *([Property(name="linked from", value=one.mode)] if one.mode else [])])


def _licenses(expression: str) -> list:
    return [DisjunctiveLicense(id=expression) if is_supported_id(expression) else LicenseExpression(expression)]


def _purl(one: Component, version: str) -> PackageURL | None:
    """Return who a component is: where nothing else is stated a purl of type generic, the source, not anybody's package of it.

    See https://github.com/package-url/purl-spec.
    """
    if not version:
        return None
    told = {"download_url": one.url, "checksum": f"sha256:{one.sha256}" if one.sha256 else ""}
    try:
        known = PackageURL.from_string(one.purl or f"pkg:generic/{one.name.lower().replace(' ', '-').replace('*', '-star')}")
    except ValueError:   # what a package's metadata or upstream says is not ours to correct
        return None
    return PackageURL(known.type, known.namespace, known.name, version, {key: value for key, value in told.items() if value})


def _cpe(one: Component, version: str) -> str | None:
    """Return the name under which a component's holes are collected (NISTIR 7695, formatted string: 6.2.2.3 for what is escaped)."""
    if not one.cpe or not version:
        return None
    escaped = re.sub(r"([^\w.-])", r"\\\1", version)
    return f"{one.cpe}:{escaped}:*:*:*:*:*:*:*"
