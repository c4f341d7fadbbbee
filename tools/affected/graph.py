"""The targets of a workspace as Bazel parsed them, compared target by target."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Self

from tools.affected.ways import HIDEABLE, WHOLE, View

IMAGES = frozenset({"oci_image", "oci_image_index"})
DEFINED = ("--noproto:default_values", "--noproto:rule_inputs_and_outputs")
"""Options of a query for what `digest` reads and no more."""

_WHERE_WRITTEN = frozenset({"generator_function", "generator_location", "generator_name"})
_VISIBILITY = "visibility"
_LABELS = "stringListValue"
_NO_FILES: Mapping[str, Collection[str]] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """A rule; where definitions are compared, with a digest over its class, its attributes and what implements it.

    `visible_to` is apart from the digest: a target that becomes visible to more is the same target. `parts` are the
    digests of the attributes that somebody may look at the target without; what is no file in them counts for both.
    """

    label: str
    rule: str
    tags: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    digest: str = ""
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    visible_to: tuple[str, ...] = ()

    @property
    def is_manual(self) -> bool:
        """Tell whether `//...` leaves the target out of a build."""
        return "manual" in self.tags

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds that `--kind` knows the target by."""
        kinds = {"all"}
        if self.rule.endswith("_test"):
            kinds.add("test")
        if self.rule.endswith("_binary"):
            kinds.add("binary")
        if self.rule in IMAGES:
            kinds.add("image")
        # The rule of tools/oci/push: its image has a test, which CI runs by its name.
        if self.rule == "image_push":
            kinds.add("image_push")
        return frozenset(kinds)

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Self:
        """Read one rule of Bazel's answer, but for its digest."""
        attributes = _attributes(rule)
        return cls(
            label=rule["name"],
            rule=rule["ruleClass"],
            tags=_strings(attributes, "tags"),
            inputs=tuple(rule.get("ruleInput", ())),
            visible_to=_strings(attributes, _VISIBILITY),
        )


def _attributes(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute["name"]: attribute for attribute in rule.get("attribute", ())}


def digest(rule: Mapping[str, Any], *, files: Mapping[str, Collection[str]] = _NO_FILES) -> str:
    """Return a digest of a rule as Bazel prints it: its class, its attributes and what implements it.

    Of the attributes in `files`, which are lists, those labels are left out.
    """
    attributes = _attributes(rule)
    unheeded = {*_WHERE_WRITTEN, _VISIBILITY, *files}
    telling = [_telling(attribute) for name, attribute in sorted(attributes.items()) if name not in unheeded]
    others = {name: [one for one in _strings(attributes, name) if one not in files[name]] for name in files}
    return _digest([rule["ruleClass"], telling, {name: labels for name, labels in others.items() if labels}])


def _telling(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attribute.items() if key != "explicitlySpecified"}


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _strings(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(attributes.get(name, {}).get(_LABELS, ()))


def rules(answer: Iterable[Mapping[str, Any]]) -> dict[str, Target]:
    """Return the rules of this repository in an answer of Bazel, by label, without their digests."""
    return {rule["name"]: Target.of(rule) for rule in _ours(answer)}


def _ours(answer: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    rules = (entry["rule"] for entry in answer if entry["type"] == "RULE")
    return (rule for rule in rules if rule["name"].startswith("//"))


def definitions(answer: Iterable[Mapping[str, Any]], is_file: Callable[[str], bool]) -> dict[str, Target]:
    """Return the rules of this repository and its groups of packages, which show targets to more or fewer.

    `is_file` tells for a label of this repository whether it is that of a file in the tree.
    """
    given = list(answer)
    groups = (_group(entry["packageGroup"]) for entry in given if entry["type"] == "PACKAGE_GROUP")
    defined = {rule["name"]: _defined(rule, is_file) for rule in _ours(given)}
    return defined | {group.label: group for group in groups if group.label.startswith("//")}


def _defined(rule: Mapping[str, Any], is_file: Callable[[str], bool]) -> Target:
    hideable = {name: one for name, one in _attributes(rule).items() if name in HIDEABLE}
    files = {name: {*filter(is_file, one["stringListValue"])} for name, one in hideable.items() if _LABELS in one}
    parts = {name: _digest(_telling(one)) for name, one in hideable.items()}
    return dataclasses.replace(Target.of(rule), digest=digest(rule, files=files), parts=parts)


def _group(group: Mapping[str, Any]) -> Target:
    members = [*group.get("containedPackage", ()), *group.get("includedPackageGroup", ())]
    excluded = sorted(member for member in members if member.startswith("-"))
    return Target(
        label=group["name"],
        rule="package_group",
        digest=" ".join(excluded),
        visible_to=tuple(member for member in members if not member.startswith("-")),
    )


def differing(before: Mapping[str, Target], after: Mapping[str, Target]) -> dict[str, View]:
    """Return the targets of `after` that are new or not what they were.

    Where nothing but files in some of its `parts` differ, a target comes with their names.
    """
    found = {}
    for label, target in after.items():
        old = before.get(label)
        if old is None or old.digest != target.digest or not shows_no_less(old.visible_to, target.visible_to):
            found[label] = WHOLE
        elif old.parts != target.parts:
            names = old.parts.keys() | target.parts.keys()
            found[label] = frozenset(name for name in names if old.parts.get(name) != target.parts.get(name))
    return found


def shows_no_less(before: Iterable[str], after: Iterable[str]) -> bool:
    """Tell whether a visibility admits everybody whom another one did."""
    admitted = set(after)
    return "//visibility:public" in admitted or set(before) - {"//visibility:private"} <= admitted


def package_of(label: str) -> str:
    """Return the package's path: `libs/auth` of `//libs/auth:tokens`."""
    return label.removeprefix("//").partition(":")[0]


def dump(targets: Mapping[str, Target]) -> str:
    """Write what `differing` compares for `load`."""
    return json.dumps([[one.label, one.rule, one.digest, one.parts, one.visible_to] for one in targets.values()])


def load(text: str) -> dict[str, Target]:
    """Read what `dump` wrote."""
    return {
        label: Target(label=label, rule=rule, digest=digest, parts=parts, visible_to=tuple(visible_to))
        for label, rule, digest, parts, visible_to in json.loads(text)
    }
